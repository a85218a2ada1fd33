"""Reads the rows of sources that are compared in their own database."""
