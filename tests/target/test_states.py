"""No STATE follows rows that were lost, for every kind of unusable input and for a second SCHEMA of a stream."""

from __future__ import annotations

import gzip
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from talon_one_singer.protocol.batch_reader import _is_transient
from talon_one_singer.protocol.message_reader import read_messages
from talon_one_singer.protocol.messages import BAD_KINDS, BadLine

MEMBERS = {"sink": "audience_members", "audience": {"name": "VIP"}, "key": "id", "create_profiles": "allow"}
UPSERT = {"vip": MEMBERS | {"mode": "upsert", "max_reject_share": 1}}
PROFILES = {
    "people": {"sink": "customer_profiles", "mode": "upsert", "create_profiles": "allow", "max_reject_share": 1}
}
SCHEMA = {
    "type": "SCHEMA",
    "stream": "vip",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "string"}}, "required": ["id"]},
}
STATE = {"type": "STATE", "value": {"x": 1}}


def record(name, stream="vip", **more):
    """Return a RECORD."""
    return {"type": "RECORD", "stream": stream, "record": {"id": name, **more}}


def batch(*files, form="jsonl", stream="vip", **encoding):
    """Return a BATCH of these files."""
    return {
        "type": "BATCH",
        "stream": stream,
        "encoding": {"format": form, **encoding},
        "manifest": list(map(str, files)),
    }


def _jsonl(tmp_path, *lines):
    (tmp_path / "rows.jsonl").write_bytes(b"\n".join(lines))
    return batch(tmp_path / "rows.jsonl")


def _parquet(tmp_path, **columns):
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    return batch(tmp_path / "rows.parquet", form="parquet")


def _cut(tmp_path, form):
    pq.write_table(pa.table({"id": [f"row-{n}" for n in range(1000)]}), tmp_path / "whole")
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:900])
    return batch(tmp_path / "cut", form=form)


def _cut_gzip(tmp_path):
    whole = gzip.compress(b"".join(b'{"id":"g-%d"}\n' % n for n in range(5000)))
    (tmp_path / "rows.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    return batch(tmp_path / "rows.jsonl.gz", compression="gzip")


# What cannot be used: its kind, the line, and a text of it that the rejects must hold; None: no STATE may follow.
CASES = {
    "no JSON": ("line", lambda _: b'{no json "marker"', "marker"),
    "no UTF-8": ("line", lambda _: b'{"type":"RECORD","stream":"vip","record":{"id":"marker\xff"}}', "marker"),
    "NaN": ("line", lambda _: b'{"type":"RECORD","stream":"vip","record":{"id":"marker","n":NaN}}', "marker"),
    "a long line": ("line", lambda _: b'["' + b"x" * 900 + b'marker"]', "marker"),
    "a line that is too long to keep": ("line", lambda _: b'["' + b"x" * 4_000_001 + b'"]', None),
    "a RECORD without record": ("record", lambda _: {"type": "RECORD", "stream": "vip", "marker": 1}, "marker"),
    "a RECORD of another stream": ("record", lambda _: {"type": "RECORD", "stream": "other"}, None),
    "a STATE without value": ("state", lambda _: {"type": "STATE", "marker": 1}, "marker"),
    "a version that is none": (
        "version",
        lambda _: {"type": "ACTIVATE_VERSION", "stream": "vip", "m": "marker"},
        "marker",
    ),
    "a SCHEMA without schema": ("schema", lambda _: {"type": "SCHEMA", "stream": "vip"}, None),
    "a BATCH without manifest": ("batch", lambda _: {"type": "BATCH", "stream": "vip", "encoding": {}}, None),
    "a BATCH of another format": ("batch", lambda _: batch("x", form="avro"), None),
    "an unknown type": ("unknown_type", lambda _: {"type": "NOVELTY", "stream": "vip"}, None),
    "no type": ("unknown_type", lambda _: {"stream": "vip"}, None),
    "a file that is gone": ("file", lambda tmp_path: batch(tmp_path / "gone.jsonl"), None),
    "a folder": ("file", batch, None),
    "a bucket that nobody has": ("file", lambda _: batch("http://127.0.0.1:9/rows.jsonl"), None),
    "a file system that nobody has": ("file", lambda _: batch("nowhere://rows.jsonl"), None),
    "a cut Parquet file": ("file", lambda tmp_path: _cut(tmp_path, "parquet"), None),
    "a Parquet file as Arrow": ("file", lambda tmp_path: _cut(tmp_path, "arrow"), None),
    "a cut gzip file": ("file", _cut_gzip, None),
    "a line of a file": ("file_line", lambda tmp_path: _jsonl(tmp_path, b'{"id":"f"}', b"{marker"), "marker"),
    "the last line of a file": (
        "file_line",
        lambda tmp_path: _jsonl(tmp_path, b'{"id":"f"}', b'{"id":"marker'),
        "marker",
    ),
    "a row of a file": (
        "file_row",
        lambda tmp_path: _parquet(tmp_path, id=["f", "marker"], n=[1.0, float("nan")]),
        "marker",
    ),
}


def as_bytes(line):
    """Return a line as the target reads it."""
    return line if isinstance(line, bytes) else json.dumps(line).encode()


def test_there_is_a_case_of_every_kind():
    """Every kind of unusable line has a case in this module."""
    assert set(BAD_KINDS) == {kind for kind, _, _ in CASES.values()}


@pytest.mark.parametrize(("kind", "line", "marker"), CASES.values(), ids=list(CASES))
def test_what_cannot_be_used_is_kept_or_no_state_follows(engine, singer, tmp_path, kind, line, marker):
    """An unusable line is in the rejects, or no state follows; the exit code is 1, and other rows arrive."""
    text = as_bytes(line(tmp_path))
    lines = b"\n".join([as_bytes(SCHEMA), as_bytes(record("a")), text, as_bytes(record("b")), as_bytes(STATE)])
    (bad,) = [each for each in read_messages(_stream(lines), file_waits_s=()) if isinstance(each, BadLine)]
    assert kind == bad.kind
    done = singer(lines, UPSERT)
    assert 1 == done.returncode
    assert "Traceback" not in done.stderr
    assert {"a", "b"} <= engine.members()
    if marker is None:
        assert "" == done.stdout
    else:
        assert ['{"x":1}'] == done.stdout.splitlines()
        assert [one for one in engine.rejects() if marker in json.dumps(one["row"])]


def _stream(text):
    return io.BytesIO(text)


def test_a_row_that_a_masked_rejects_file_cannot_keep_holds_the_state_back(engine, singer):
    """No state follows a refused row of more than 4 MB with mask_rejects, because neither file nor store keeps it."""
    done = singer([SCHEMA, record("a"), record("x" * 4_000_001), STATE], UPSERT, mask_rejects=True)
    assert "" == done.stdout
    done = singer([SCHEMA, record("a"), record("x" * 2000), STATE], UPSERT, mask_rejects=True)
    assert '{"x":1}\n' == done.stdout


def test_lines_of_a_stream_that_is_left_out_hold_nothing_back(singer):
    """With unknown_streams: ignore, files and bad lines of unknown streams are ignored too."""
    lines = [SCHEMA, record("a"), {"type": "RECORD", "stream": "other"}, batch("gone", stream="other"), STATE]
    done = singer(lines, UPSERT, unknown_streams="ignore")
    assert 0 == done.returncode, done.stderr
    assert '{"x":1}\n' == done.stdout, done.stderr


class _Storage(BaseHTTPRequestHandler):
    """Serves a file over HTTP and fails for a while."""

    failures = 0
    body = b'{"id":"s-1"}\n{"id":"s-2"}\n'

    def do_GET(self):
        cls = type(self)
        cls.failures -= 1
        self.send_response(503 if cls.failures >= 0 else 200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def storage():
    """Return the URL of a file on a server of this test."""
    pytest.importorskip("aiohttp")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Storage) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/rows.jsonl"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("failures", "waited"), [(0, 0), (2, 2), (99, 3)])
def test_an_error_of_the_storage_that_passes_is_waited_for(storage, failures, waited):
    """A file is read again up to three times before the target gives up."""
    _Storage.failures, waits = failures, []
    lines = b"\n".join(map(as_bytes, [SCHEMA, batch(storage)]))
    found = list(read_messages(_stream(lines), sleep=waits.append))
    assert waited == len(waits)
    rows = [row["id"] for each in found for row in getattr(each, "rows", [])]
    assert ([] if failures == 99 else ["s-1", "s-2"]) == rows
    assert (failures == 99) == any(isinstance(each, BadLine) for each in found)


@pytest.mark.parametrize(
    ("error", "url", "passes"),
    [
        (FileNotFoundError(2, "gone"), "s3://b/f", False),
        (PermissionError(13, "no"), "s3://b/f", False),
        (EOFError("cut"), "s3://b/f", False),
        (ValueError("no Parquet"), "s3://b/f", False),
        (TimeoutError("slow"), "s3://b/f", True),
        (OSError("reduce your request rate"), "s3://b/f", True),
        (ConnectionResetError(104, "reset"), "https://h/f", True),
        (OSError(5, "input/output error"), "/mnt/f", True),
        (OSError("couldn't deserialize thrift"), "/mnt/f", False),
        (OSError(5, "input/output error"), "file:///mnt/f", True),
    ],
)
def test_errors_that_may_pass_are_distinguished_from_permanent_ones(error, url, passes):
    """Errors of the network and of a failing disk are retried; errors of the file itself are not."""
    assert passes == _is_transient(error, url)


# A second SCHEMA of a stream


def schema(*columns, stream="people", keys=("integration_id",), **more):
    """Return a SCHEMA with text columns."""
    properties = {name: {"type": ["null", "string"]} for name in columns}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "key_properties": list(keys),
        "schema": {"properties": properties, **more},
    }


def person(name, **values):
    """Return a RECORD of the stream ``people``."""
    return {"type": "RECORD", "stream": "people", "record": {"integration_id": name, **values}}


def attributes(engine):
    """Return the attributes of each profile."""
    return {row["integration_id"]: row["attributes"] for row in engine.emu.state("profiles")["profiles"]}


@pytest.fixture
def named(engine):
    """Return an account with the attributes city and score."""
    for name in ("city", "score"):
        engine.emu.add("attributes", {"entity": "CustomerProfile", "name": name, "type": "string"})
    return engine


FIRST = {
    "some columns": schema("integration_id", "city"),
    "only the key": schema("integration_id", additionalProperties=True),
    "no columns": schema(),
}


@pytest.mark.parametrize("first", FIRST.values(), ids=list(FIRST))
@pytest.mark.parametrize("again", [True, False])
def test_columns_that_come_later_are_attributes(named, singer, first, again):
    """A column that only a later SCHEMA or later rows have becomes an attribute."""
    second = [schema("integration_id", "city", "score")] if again else []
    lines = [first, person("p-1", city="Bonn"), *second, person("p-2", city="Ulm", score="7"), STATE]
    done = singer(lines, PROFILES)
    assert 0 == done.returncode, done.stderr
    assert {"p-1": {"city": "Bonn"}, "p-2": {"city": "Ulm", "score": "7"}} == attributes(named)


def test_columns_that_a_later_schema_lacks_stay_what_they_are(named, singer):
    """Rows before and after a SCHEMA with fewer columns are mapped alike."""
    lines = [schema("integration_id", "city", "score"), person("p-1", city="Bonn", score="1")]
    lines += [schema("integration_id", "score"), person("p-2", score="2"), STATE]
    assert 0 == singer(lines, PROFILES).returncode
    assert {"p-1": {"city": "Bonn", "score": "1"}, "p-2": {"score": "2"}} == attributes(named)


def test_fields_that_come_later_are_fields(engine, singer):
    """A price that only the second SCHEMA names is the price, not an attribute."""
    streams = {"items": {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert"}}
    rows = [{"sku": "a"}, {"sku": "b", "price": 2.5}]
    lines = [
        {"type": "SCHEMA", "stream": "items", "key_properties": ["sku"], "schema": {"properties": {"sku": {}}}},
        {"type": "RECORD", "stream": "items", "record": rows[0]},
        {
            "type": "SCHEMA",
            "stream": "items",
            "key_properties": ["sku"],
            "schema": {"properties": {"sku": {}, "price": {}}},
        },
        {"type": "RECORD", "stream": "items", "record": rows[1]},
    ]
    assert 0 == singer(lines, streams).returncode
    assert 2.5 == float(engine.items()["b"]["price"])


def test_a_column_that_is_unknown_to_talon_one_is_rejected(named, singer):
    """The row is in the rejects with the name of the column, and nothing is dropped silently."""
    lines = [schema("integration_id"), person("p-1", city="Bonn"), person("p-2", citty="Ulm"), STATE]
    assert 0 == singer(lines, PROFILES).returncode
    (reject,) = named.rejects()
    assert "Talon.One has no such attribute; did you mean 'city'?" in reject["reason"]


def test_key_properties_that_change_are_an_error(named, singer):
    """Rows before the line and rows after it could not be distinguished otherwise."""
    lines = [
        schema("integration_id", "city"),
        person("p-1", city="Bonn"),
        schema("integration_id", "city", keys=("city",)),
    ]
    done = singer([*lines, STATE], PROFILES)
    assert 2 == done.returncode
    assert "" == done.stdout
    assert "the key_properties of people change from integration_id to city" in done.stderr


def test_metadata_columns_are_no_attributes(named, singer):
    """Columns that start with _sdc_ are attributes only where the map names them."""
    lines = [schema("integration_id", "city", "_sdc_batched_at"), person("p-1", city="Bonn", _sdc_batched_at="now")]
    lines += [person("p-2", city="Ulm", _sdc_extracted_at="now"), STATE]
    assert 0 == singer(lines, PROFILES).returncode
    assert {"p-1": {"city": "Bonn"}, "p-2": {"city": "Ulm"}} == attributes(named)
    figures = named.push(PROFILES["people"], [{"integration_id": "p-3", "city": "Hof", "_SDC_BATCHED_AT": "now"}])
    assert 1 == figures.sent
    assert {"city": "Hof"} == attributes(named)["p-3"]
    given = PROFILES["people"] | {"map": {"integrationId": "id", "attributes": {"score": "_sdc_sequence"}}}
    named.push(given, [{"id": "p-4", "_sdc_sequence": "9"}])
    assert {"score": "9"} == attributes(named)["p-4"]
