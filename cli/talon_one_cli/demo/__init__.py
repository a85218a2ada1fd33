"""``talon-one demo``: a year of retail data from a local Talon.One into DuckDB, and segments and products back."""
