"""Connections to the databases in which sources can be compared. Each module imports its client when it connects."""
