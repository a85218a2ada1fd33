"""The Parquet warehouse, in a local folder or an object store."""
