"""BATCH messages: complete files in the encodings that Singer SDK targets read, and a STATE only after them."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path
from urllib.request import url2pathname

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

CARD_ROWS, CARD_POINTS = "loyalty_card_transactions", "loyalty_card_balances"


def rows_in(message) -> list[dict]:
    """The rows of the files of a BATCH message, date-times as text."""
    (url,) = message["manifest"]
    path = Path(url2pathname(url.removeprefix("file://")))
    if message["encoding"]["format"] == "jsonl":
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        return [json.loads(line, parse_float=Decimal) for line in lines]
    table = pq.read_table(path) if path.suffix == ".parquet" else pa.ipc.open_file(path).read_all()
    return table.to_pylist()


def plain(row) -> dict:
    """Return comparable rows: without nulls, and numbers and instants as one type each."""
    found = {}
    for name, value in row.items():
        if name in ("amount", "activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints"):
            value = None if value is None else Decimal(value)  # noqa: PLW2901
        if hasattr(value, "isoformat"):
            value = value.isoformat().replace("+00:00", "Z")  # noqa: PLW2901
        if isinstance(value, str) and value.endswith("Z"):
            value = value.removesuffix("Z").rstrip("0").rstrip(".:")  # noqa: PLW2901
        if value is not None:
            found[name] = value
    return found


def in_order(rows) -> list[dict]:
    """Return rows sorted by card and id: rows are written in the order in which their pages arrive."""
    return sorted(rows, key=lambda row: (row["cardIdentifier"], row.get("id", 0)))


@pytest.mark.parametrize("encoding", ["jsonl", "parquet", "arrow"])
def test_the_files_hold_the_rows_of_the_records(emu, sync, tmp_path, encoding):
    """Batch files have the same rows and digits as RECORD messages, at most batch_rows in each file."""
    emu.reset("synthetic", cards=5, transactions=50)
    options = {"as_of": "2026-01-01", "loyalty_program_ids": [1]}
    records = sync(CARD_ROWS, CARD_POINTS, **options)
    batches = sync(
        CARD_ROWS, CARD_POINTS, batch=encoding, batch_directory=str(tmp_path / "b"), batch_rows=100, **options
    )
    assert 0 == records.code, batches.stderr
    assert 0 == batches.code, batches.stderr
    assert {"SCHEMA", "BATCH", "STATE"} == {m["type"] for m in batches.messages}
    for stream in (CARD_ROWS, CARD_POINTS):
        messages = [m for m in batches.messages if m["type"] == "BATCH" and m["stream"] == stream]
        assert max(len(rows_in(m)) for m in messages) <= 100
        found = [plain(row) for message in messages for row in rows_in(message)]
        assert in_order(map(plain, records.rows(stream))) == in_order(found)
    assert records.state["bookmarks"].keys() == batches.state["bookmarks"].keys()


def test_objects_are_json_text_where_columns_are_typed(emu, sync, tmp_path):
    """The SCHEMA declares objects as strings where the columns are typed, so that targets make text columns."""
    emu.reset("demo")
    run = sync("customer_profiles", batch="parquet", batch_directory=str(tmp_path))
    assert 0 == run.code, run.stderr
    schema = next(m for m in run.messages if m["type"] == "SCHEMA")["schema"]
    assert "string" in schema["properties"]["attributes"]["type"]
    (message,) = [m for m in run.messages if m["type"] == "BATCH"]
    plain_run = sync("customer_profiles")
    expected = {row["integrationId"]: row["attributes"] for row in plain_run.rows("customer_profiles")}
    assert expected == {r["integrationId"]: json.loads(r["attributes"], parse_float=Decimal) for r in rows_in(message)}


def test_a_state_comes_after_the_files_that_belong_to_it(emu, sync, tmp_path):
    """The files before a STATE contain exactly the rows that the STATE covers."""
    emu.reset("synthetic", cards=4, transactions=3)
    options = {"batch": "jsonl", "batch_directory": str(tmp_path), "state_interval_seconds": 0}
    run = sync(CARD_ROWS, loyalty_program_ids=[1], **options)
    seen = 0
    for message in run.messages:
        if message["type"] == "BATCH":
            seen += len(rows_in(message))
        program = message.get("value", {}).get("bookmarks", {}).get(CARD_ROWS, {}).get("programs", {}).get("1", {})
        if "running" in program:
            running = program["running"]
            ahead = running.get("ahead", {"ids": running["done"], "open": []})
            assert 3 * (ahead["ids"] - len(ahead["open"])) == seen
    assert 12 == seen


def test_hostile_numbers_and_instants_reach_the_files(emu, sync, tmp_path):
    """Unusual numbers keep all their digits, and the first and last instant their microseconds."""
    amounts = ["0.30000000000000004", "999999999999999999.999999999999999999", "-0", "1e-7"]
    instants = ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2025-03-30T01:30:00Z", "2025-10-26T00:30:00Z"]
    emu.reset("synthetic", cards=1, transactions=0)
    emu.add_transactions(
        {
            "program": 1,
            "card": "card-000001",
            "amount": amount,
            "expiryDate": instant,
            "created": "2025-01-01T00:00:00Z",
        }
        for amount, instant in zip(amounts, instants, strict=True)
    )
    for encoding in ("parquet", "arrow"):
        run = sync(CARD_ROWS, loyalty_program_ids=[1], batch=encoding, batch_directory=str(tmp_path))
        assert 0 == run.code, run.stderr
        rows = [row for m in run.messages if m["type"] == "BATCH" for row in rows_in(m)]
        rows.sort(key=lambda row: row["id"])
        assert list(map(Decimal, amounts)) == [row["amount"] for row in rows]
        assert [plain({"at": text})["at"] for text in instants] == [plain({"at": r["expiry_at"]})["at"] for r in rows]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": "jsonl"}, "set batch_directory"),
        ({"batch": "csv", "batch_directory": "x"}, "must be one of jsonl, parquet, arrow"),
        ({"batch": "jsonl", "batch_directory": "/proc/nowhere/x"}, "batch_directory /proc/nowhere/x cannot be created"),
        ({"batch": "jsonl", "batch_directory": "nosuch://bucket"}, "cannot be written"),
    ],
)
def test_files_that_cannot_be_written_are_reported(emu, sync, options, message):
    """An unwritable file ends the run with one line that names the setting or the file."""
    run = sync(CARD_ROWS, **options)
    assert run.code > 0, run.stderr
    assert message in run.stderr, run.stderr
    assert "Traceback" not in run.stderr, run.stderr
