"""Imports of CSV files in the Management API."""
