"""The SQL of each database in which sources can be compared."""
