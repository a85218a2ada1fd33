"""SQL dialects of the warehouses connected over ADBC."""
