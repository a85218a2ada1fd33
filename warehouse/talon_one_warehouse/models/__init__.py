"""Reporting views over the tables of a load."""
