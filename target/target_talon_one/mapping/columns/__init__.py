"""The mapping of complete columns: SQL expressions for common types, and values one by one for all others."""
