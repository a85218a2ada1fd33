"""The Parquet warehouse, in a local folder or an object store. Only ``urls`` and ``manifest`` need no extra."""
