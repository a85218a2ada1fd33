"""Notifications in the tables of a warehouse: how they get there, and work on rows that are there."""
