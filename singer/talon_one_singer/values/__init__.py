"""The conversion of incoming values: Arrow columns, DB-API rows, CSV, and JSON Lines."""
