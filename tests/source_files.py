"""The kinds of files that can be sources, by the endings of their names."""

FILES = (".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz", ".parquet")
