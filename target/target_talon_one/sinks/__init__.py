"""The sink table, the types of its rows, and request payloads."""
