"""The tables of a store: each module reads and writes its own tables of one database."""
