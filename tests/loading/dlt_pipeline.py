"""Load with dlt, twice: ``dlt_pipeline.py FOLDER < settings.json``; a line on stdin starts the second run.

Prints the number of rows of each table, as JSON, after each run. The second run has no local state of the first one:
dlt restores it from the destination. The second run selects all streams but the last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import dlt

from talon_one_loading.dlt_source import talon_one_source

folder, given = Path(sys.argv[1]), json.loads(sys.stdin.readline())
keys = {name: given.pop(name) for name in ("base_url", "api_key", "management_key")}
STREAMS = ["loyalty_card_transactions", "loyalty_card_balances", "customer_profiles", "customer_loyalty"]


def destination(name):
    """Return a destination in the folder."""
    if name == "duckdb":
        return dlt.destinations.duckdb(str(folder / "out.duckdb"))
    return dlt.destinations.filesystem(bucket_url=(folder / "files").as_uri())


for number in (1, 2):
    counts = {}
    for name in ("duckdb", "filesystem"):
        pipeline = dlt.pipeline(
            f"talon_one_{name}",
            destination=destination(name),
            dataset_name="loyalty",
            pipelines_dir=str(folder / f"pipelines-{number}"),
        )
        source = talon_one_source(**keys, streams=STREAMS, settings=given)
        if name == "filesystem":  # which cannot merge Parquet files
            for stream in STREAMS:
                source.resources[stream].apply_hints(write_disposition="append")
        if number == 2:
            source = source.with_resources(*STREAMS[:-1])
        pipeline.run(source, loader_file_format="parquet").raise_on_failed_jobs()
        rows = pipeline.last_trace.last_normalize_info.row_counts
        counts[name] = {table: count for table, count in rows.items() if not table.startswith("_dlt")}
    sys.stdout.write(json.dumps(counts) + "\n")
    sys.stdout.flush()
    sys.stdin.readline()
