"""Sync engine and sinks for Talon.One: rows become planned, guarded, batched and verified calls.

Importing the package is cheap; pyarrow and duckdb load when a store is opened.
"""
