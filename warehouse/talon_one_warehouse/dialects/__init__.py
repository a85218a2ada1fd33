"""SQL dialects of the warehouses connected over ADBC. Its modules need pyarrow."""
