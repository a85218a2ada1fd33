"""The limit of a load: pages joined, parsed by pyarrow with exact decimals, appended; no keys, no merge, no state.

``limit_load.py DESTINATION URL IN_FLIGHT < cards.json``. DESTINATION is ``duckdb`` or ``parquet``.
"""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.json as pj
import urllib3
from limit_pages import HEADERS, decode, page_urls

destination, url, in_flight = sys.argv[1], sys.argv[2], int(sys.argv[3])
PAGES_PER_TABLE = 20
TEXTS = (
    "cardIdentifier", "customerSessionId", "type", "name", "startDate", "expiryDate", "subledgerId", "ruleName",
    "transactionUUID", "validityDuration",
)  # fmt: skip
SCHEMA = pa.schema(
    [("id", pa.int64()), ("created", pa.timestamp("us")), ("programId", pa.int64()), ("rulesetId", pa.int64())]
    + [("amount", pa.decimal128(38, 18))]
    + [(name, pa.string()) for name in TEXTS]
)
OPTIONS = pj.ParseOptions(explicit_schema=SCHEMA)
pool = urllib3.PoolManager(maxsize=in_flight, headers=HEADERS)


def page(one):
    return b"\n".join(decode(pool.request("GET", one).data).data)


def tables():
    urls = [one for card in json.load(sys.stdin) for one in page_urls(url, card)]
    with ThreadPoolExecutor(in_flight) as threads:
        for first in range(0, len(urls), PAGES_PER_TABLE):
            text = b"\n".join(threads.map(page, urls[first : first + PAGES_PER_TABLE]))
            yield pj.read_json(io.BytesIO(text), parse_options=OPTIONS)


if destination == "parquet":
    import pyarrow.parquet as pq

    with pq.ParquetWriter("out.parquet", SCHEMA) as writer:
        for table in tables():
            writer.write_table(table)
else:
    import duckdb

    with duckdb.connect("out.duckdb") as db:
        for index, table in enumerate(tables()):
            db.register("given", table)
            db.execute("INSERT INTO rows SELECT * FROM given" if index else "CREATE TABLE rows AS SELECT * FROM given")
            db.unregister("given")
