"""Warehouses connected over ADBC."""
