"""Sources of rows: databases and files."""
