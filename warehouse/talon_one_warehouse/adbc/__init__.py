"""Warehouses connected over ADBC. Only ``urls`` can be imported without an ADBC driver."""
