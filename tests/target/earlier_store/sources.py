"""The sources and syncs whose rows version 0.1.0 has written into the store ``store.duckdb.gz`` beside this file.

``python -m tests.target.earlier_store.sources`` writes the files of the sources and the store anew, with the code that
is checked out: run it with the code of version 0.1.0 only, since the store proves what that version wrote.
"""

from __future__ import annotations

import gzip
import io
import json
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

from talon_one_client.client import TalonOneClient
from talon_one_client.connection.config import ClientConfig
from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.settings.secret import Secret
from talon_one_warehouse import open_source, source_spec
from target_talon_one.config.destination_reader import destination_from
from target_talon_one.config.options import SyncOptions
from target_talon_one.message_handler import MessageHandler
from target_talon_one.store.opening import open_store
from target_talon_one.sync.run import SyncRun
from target_talon_one.target import destinations_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
STORE = HERE / "store.duckdb.gz"
RESULTS = HERE / "results.json"
URL = "https://earlier.europe-west1.talon.one"  # never called: nothing is looked up or sent

TEXTS = (
    "plain", "Zoë", "日本", "👩‍👩‍👧", "e\u0301", 'quote"', "back\\slash", "tab\t", "line\nbreak", "\r", "nul\u0000",
    "\u0001\u001f", "\u007f", "\u0080", "\u2028\u2029", "</script>", "a/b", "\ufeffbom", " space ", "'",
    "%s{}", "null", "true", "1e5",
    "0012", "x" * 900, "\U0010ffff", "\ufffd",
)  # fmt: skip
NUMBERS = (
    "0", "-0", "0.0", "-0.0", "1", "-1", "1.0", "1.50", "100", "1E2", "1e+2", "12E-1", "0.1", "0.10", "1e-7", "1.5e-10",
    "0.30000000000000004", "123456789012345678", "12345678901234567890", "123456789012345678901234567890",
    "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "1e22", "1E23", "1e300",
    "1.7976931348623157e308", "5e-324", "2.2250738585072014E-308", "0.000001", "0.0000001", "1234567.891", "17.00",
    "3.141592653589793238462643383279", "1e15", "1e16", "1e17", "1e21", "0e5", "0.00e-3", "10000000000000000.0",
)  # fmt: skip
TIMES = (
    "2024-01-31T12:00:00Z", "2024-01-31 12:00:00", "2024-01-31", "2024-01-31T12:00:00+02:00",
    "2024-01-31T12:00:00.120Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
    "2024-02-29T23:59:59.123456789-11:30",
    "2024-01-31t12:00:00z",
    " 2024-01-31T12:00:00Z ", "2024-01-31 12:00:00 UTC", "2024-01-31T12:00:00.000Z", "1969-12-31T23:59:59.5+01",
)  # fmt: skip
OTHERS = (
    "true", "false", "null", "[]", "{}", '[1,2.50,"x",null,true]', '{"b":1,"a":{"d":1.0,"c":[1e2]}}', '""', '{"":""}',
    '[[[1.10]]]', '{"é":"\\u00e9","\\u0000":"\\ud83d\\ude00"}', '"\\u0041\\/"',
    '{"Z":1,"a":2,"_":3,"ä":4,"𐀀":5,"\uffff":6}',
)  # fmt: skip

# Rows with every type that DuckDB and Parquet have; the order of the columns is not that of their names.
TYPED = """
SELECT 'typed-' || n AS id, n AS number,
  CASE n % 3 WHEN 0 THEN true WHEN 1 THEN false END AS yes,
  (n - 20)::TINYINT AS tiny, (n * 300)::SMALLINT AS small, (n * 70000)::INTEGER AS "Integer",
  CASE n WHEN 1 THEN 9223372036854775807 WHEN 2 THEN -9223372036854775808 ELSE n END::BIGINT AS big,
  CASE n WHEN 1 THEN 18446744073709551615 ELSE n END::UBIGINT AS ubig,
  [0, -0.0, 0.1, 1e22, 1.5e-7, 5e-324, 1.7976931348623157e308, 123456789.125, 1e15, 1e16, 1e17,
    2.5][1 + n % 12]::DOUBLE AS dbl,
  [0, -0.0, 0.1, 1e22, 1.5e-7, 3.4e38, 16777217, 1e-45, 0.3, 1e16, 33.333, 2.5][1 + n % 12]::FLOAT AS flt,
  [0, 0.1, 1.50, 100, -7.25, 99999999.99][1 + n % 6]::DECIMAL(10, 2) AS dec,
  [0, 1e-18, 12345678901234567890.123456789012345678, -1, 10, 100.5][1 + n % 6]::DECIMAL(38, 18) AS wide,
  (n * 1000)::DECIMAL(18, 0) AS whole,
  DATE '1970-01-01' + (n * 9000 - 100000)::INTEGER AS day,
  TIMESTAMP '2024-01-31 12:00:00' + INTERVAL (n * 123456) MICROSECOND AS moment,
  TIMESTAMPTZ '2024-01-31 12:00:00+00' + INTERVAL (n) SECOND AS zoned,
  (TIMESTAMP '1969-12-31 23:59:58' + INTERVAL (n * 500) MILLISECOND)::TIMESTAMP_MS AS ms,
  (TIMESTAMP '2024-01-31 12:00:00' + INTERVAL (n) MINUTE)::TIMESTAMP_S AS sec,
  make_timestamp_ns(1706702400000000000 + n * 100000007) AS ns,
  TIME '10:00:00' + INTERVAL (n * 1500) MILLISECOND AS clock,
  CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'text' ELSE 'é"\\' || chr(10) || chr(n::INTEGER) END AS txt,
  CASE WHEN n % 5 > 0 THEN [n, NULL, n * 2] END AS list,
  CASE WHEN n % 5 > 1 THEN [n / 4, 0.5] END AS dbls,
  CASE WHEN n % 5 > 0 THEN {'z': n, 'a': 'x', 'm': {'k': n::DECIMAL(9, 3)}} END AS struct
FROM range(1, 61) AS t(n)
"""
# Types that Parquet does not keep.
ONLY_DUCKDB = f"""
SELECT t.*, uuid, huge, map, js, kind, zone_clock FROM ({TYPED}) AS t JOIN (
  SELECT n, ('00000000-0000-4000-8000-' || lpad(n::VARCHAR, 12, '0'))::UUID AS uuid,
    CASE n WHEN 1 THEN 170141183460469231731687303715884105727 ELSE -n END::HUGEINT AS huge,
    MAP {{'k' || n: n, 'a': 1}} AS map,
    (CASE n % 3 WHEN 0 THEN '{{"b": 1.50, "a": [1e2]}}' WHEN 1 THEN '17.0' ELSE NULL END)::JSON AS js,
    (['new', 'old'][1 + n % 2])::ENUM ('new', 'old') AS kind,
    TIMETZ '10:00:00+02' AS zone_clock
  FROM range(1, 61) AS s(n)) AS more ON more.n = t.number ORDER BY number
"""

_AUDIENCE = {"sink": "audience_members", "audience": {"id": 7}, "mode": "mirror", "create_profiles": "allow"}
_PROFILES = {"sink": "customer_profiles", "mode": "upsert", "max_reject_share": 1}
_CATALOG = {"sink": "catalog_items", "mode": "mirror", "max_reject_share": 1}
_MAPPED = {
    "sku": "id",
    "attributes": {"Big": "big", "who": "{{ id | upper }}", "Txt": "txt", "when": "zoned", 'Äé"': "dbl", "s": "struct"},
}


def syncs(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the syncs of the store, by name, whose files are in a folder."""
    database = {"url": "duckdb:///:memory:", "sql": ONLY_DUCKDB}
    session = (
        "SELECT 's-' || number AS customer_session_id, 'p-' || number % 7 AS profile_id, "
        'dbls AS "evaluableCampaignIds", dbl AS state, struct AS attributes'
    )
    return {
        "duckdb": _CATALOG | {"source": database, "catalog_id": 30, "key": ["id"]},
        "duckdb_skipping": _CATALOG
        | {"source": database, "catalog_id": 1, "key": ["txt"], "map": {"price": "wide", "product": "kind"}},
        "duckdb_nulls": _CATALOG
        | {
            "source": database,
            "catalog_id": 2,
            "key": ["zoned"],
            "nulls": "send_null",
            "map": {"price": "dbl", "attributes": "*"},
        },
        "duckdb_rejecting": _CATALOG
        | {
            "source": database,
            "catalog_id": 3,
            "key": ["uuid"],
            "nulls": "reject",
            "map": {"price": "flt", "attributes": ["yes"]},
        },
        "duckdb_times": _CATALOG
        | {
            "source": database,
            "catalog_id": 4,
            "key": ["clock"],
            "map": {"price": "huge", "attributes": ["day", "ns", "ms"]},
        },
        "duckdb_days": _CATALOG
        | {"source": database, "catalog_id": 5, "key": ["day"], "map": {"price": "dec", "attributes": "js"}},
        "duckdb_decimals": _CATALOG | {"source": database, "catalog_id": 6, "key": ["wide"], "map": {"price": "txt"}},
        "duckdb_doubles": _CATALOG
        | {"source": database, "catalog_id": 8, "key": ["dbl"], "map": {"product": "struct"}},
        "template": _CATALOG | {"source": database, "catalog_id": 31, "map": _MAPPED},
        "parquet": _CATALOG | {"source": str(folder / "typed.parquet"), "catalog_id": 9, "key": ["id"]},
        "members": _AUDIENCE | {"source": str(folder / "typed.parquet"), "key": ["number"]},
        "csv": _CATALOG
        | {
            "source": str(folder / "values.csv"),
            "catalog_id": 10,
            "key": ["id"],
            "map": {"price": "value", "attributes": "*"},
        },
        "json_lines": _CATALOG | {"source": str(folder / "values.jsonl"), "catalog_id": 11, "key": ["id"]},
        "json_prices": _CATALOG
        | {
            "source": str(folder / "values.jsonl"),
            "catalog_id": 12,
            "key": ["id"],
            "map": {"price": "value", "product": "value"},
        },
        "json_keys": _AUDIENCE
        | {"audience": {"id": 8}, "source": str(folder / "values.jsonl"), "key": ["value"], "max_reject_share": 1},
        "coupons": {
            "sink": "coupon_reservations",
            "mode": "upsert",
            "source": str(folder / "values.jsonl"),
            "max_reject_share": 1,
            "key": ["value", "id"],
        },
        "sessions": {
            "sink": "customer_sessions",
            "mode": "upsert",
            "max_reject_share": 1,
            "source": database | {"sql": f"{session} FROM ({TYPED}) ORDER BY number"},
        },
        "audiences": {
            "sink": "audiences",
            "mode": "upsert",
            "max_reject_share": 1,
            "source": str(folder / "values.jsonl"),
            "map": {"integrationId": "id", "audienceId": "value", "sandbox": "value"},
            "nulls": "skip",
        },
        "instants": {
            "sink": "referrals",
            "mode": "add",
            "campaign_id": 5,
            "max_reject_share": 1,
            "source": str(folder / "values.csv"),
            "map": {"advocateProfileIntegrationId": "id", "startDate": "value"},
        },
    }


STREAMS = {
    "singer": _PROFILES | {"key": ["id"]},
    "singer_items": _CATALOG
    | {"catalog_id": 20, "key": ["id"], "map": {"price": "value", "attributes": "*"}, "closed_by": "end"},
}


def values() -> Iterator[tuple[str, str]]:
    """Yield (id, JSON) of every value that text can hold."""
    texts = [json.dumps(one) for one in (*TEXTS, *NUMBERS, *TIMES)] + [
        json.dumps(one, ensure_ascii=False) for one in TEXTS
    ]
    for number, value in enumerate((*NUMBERS, *OTHERS, *texts)):
        yield f"value-{number}", value


def write_files(folder: Path) -> None:
    """Write the files of the sources."""
    with duckdb.connect() as db:
        db.execute("SET threads = 1; SET TimeZone = 'UTC'")
        db.execute(
            f"COPY ({TYPED} ORDER BY n) TO '{folder / 'typed.parquet'}' "
            "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 25)"
        )
    with (folder / "values.csv").open("w", encoding="utf-8", newline="") as file:
        file.write("id,value,note\r\n")
        for number, value in enumerate((*NUMBERS, *TIMES, *TEXTS, "", *("1", "yes", "F", " true"))):
            if "\0" not in value:
                file.write(f'csv-{number},"{value.replace(chr(34), chr(34) * 2)}",{"" if number % 3 else "né"}\r\n')
    lines = [
        f'{{"id":"{name}","value":{value},"more":[{value}],"Also":{{"in":{value}}}}}\n' for name, value in values()
    ]
    (folder / "values.jsonl").write_text("".join(lines), encoding="utf-8")
    (folder / "values.singer").write_text("".join(_singer(lines)), encoding="utf-8")


def _singer(rows: list[str]) -> Iterator[str]:
    for stream in STREAMS:
        schema = {"type": "object", "properties": {"id": {"type": "string"}, "value": {}}, "required": ["id"]}
        yield json.dumps({"type": "SCHEMA", "stream": stream, "key_properties": ["id"], "schema": schema}) + "\n"
        for row in rows:
            yield f'{{"type": "RECORD", "stream": "{stream}", "record": {row.strip()}}}\n'


@contextmanager
def read(store: str, folder: Path) -> Iterator[SyncRun]:
    """Yield a run that has read all sources; nothing is compared yet."""
    options = SyncOptions(rejects_directory=str(folder / "rejects"), results_directory=str(folder / "results"))
    with (
        TalonOneClient(ClientConfig(base_url=URL, api_key=Secret("no key"))) as client,
        open_store(store) as opened,
        SyncRun(client, opened, options, command="earlier") as run,
    ):
        for name, given in syncs(HERE).items():
            _read_source(run, name, dict(given))
        handler = MessageHandler(
            run, destinations_of(STREAMS), lambda _: None, rows_per_flush=1 << 60, ignore_unknown=False
        )
        for message in read_messages(io.BytesIO((HERE / "values.singer").read_bytes())):
            handler.handle(message)
        handler.close()
        yield run


def _read_source(run: SyncRun, name: str, given: dict[str, Any]) -> None:
    with open_source(source_spec(given.pop("source"), name)) as source:
        destination = run.open(destination_from(name, given), columns=source.columns)
        for block in source.blocks():
            destination.add_block(block, [f"row {number}" for number in range(1, len(block) + 1)])
        destination.close_source(complete=True)


def counts(run: SyncRun) -> dict[str, list[int]]:
    """Return for each destination how many rows were read, refused, and left out as duplicates."""
    return {name: [one.counts.read, one.counts.invalid, one.duplicates] for name, one in run.destinations.items()}


def refused(run: SyncRun) -> dict[str, list[list[str | None]]]:
    """Return for each destination the origin, the key and the reason of the rows that were refused."""
    return {
        name: [[each.origin, each.key, each.reason] for each in one.invalid]
        for name, one in run.destinations.items()
        if one.invalid
    }


def _write_store() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = str(folder / "store.duckdb")
        with read(path, folder) as run:
            found = run.compare()
            content = {"counts": counts(run), "refused": refused(run)}
            RESULTS.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            store = run._store
            for one, comparison in found.items():
                number, changes = run.destinations[one].number, comparison.difference.changes
                store.acks.begin(number, 0, changes, non_idempotent=False)
                store.acks.acknowledge(number, [(0, changes)])
                store.acks.commit_acknowledged(number)
        with open_store(path) as opened:
            opened.compact()
        with Path(path).open("rb") as file, gzip.GzipFile(STORE, "wb", mtime=0) as packed:
            shutil.copyfileobj(file, packed)


if __name__ == "__main__":
    write_files(HERE)
    _write_store()
