"""Queries that run through the own client of a database, as sources."""
