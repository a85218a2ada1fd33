"""The parts of a store: each reads and writes its own tables of one database."""
