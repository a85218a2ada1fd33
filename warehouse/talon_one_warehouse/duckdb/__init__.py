"""The DuckDB warehouse. Its modules import duckdb and pyarrow at the top; only ``sql`` needs neither."""
