"""SQL dialects of the warehouses in databases. Its modules need pyarrow."""
