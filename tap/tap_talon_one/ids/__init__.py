"""The sources of the ids to read, and the digest of a list of ids."""
