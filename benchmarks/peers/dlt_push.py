"""Push with a dlt destination function. ``dlt_push.py URL IN_FLIGHT < profiles.jsonl``."""

import os
import sys

url, in_flight = sys.argv[1:3]
os.environ.update(
    {
        "LOAD__WORKERS": in_flight,
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "10000",
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
    }
)

import dlt  # noqa: E402 - after its settings
from dlt.sources.helpers import requests  # noqa: E402
from profiles import batches, body  # noqa: E402

session = requests.Client().session
session.headers["Authorization"] = "ApiKey-v1 bench-key"


@dlt.destination(batch_size=1000, max_parallel_load_jobs=int(in_flight))
def talon_one(items, table):
    session.put(f"{url}/v2/customer_profiles", json=body(items)).raise_for_status()


dlt.pipeline("push", destination=talon_one, pipelines_dir="pipelines").run(dlt.resource(batches, name="profiles"))
