"""``target-talon-one`` as a process: which lines it accepts, when it emits a STATE, and when a mirror removes rows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import commands

MEMBERS = {"sink": "audience_members", "audience": {"name": "VIP"}, "key": "id", "create_profiles": "allow"}
MIRROR = {"vip": MEMBERS | {"mode": "mirror", "max_delete_share": 1}}
UPSERT = {"vip": MEMBERS | {"mode": "upsert"}}
ITEMS = {"sink": "catalog_items", "catalog_id": 1, "mode": "upsert", "key": "sku", "map": {"price": "price"}}
SCHEMA = {
    "type": "SCHEMA",
    "stream": "vip",
    "key_properties": ["id"],
    "schema": {"properties": {"id": {"type": "string"}}, "required": ["id"]},
}


def records(*names, stream="vip", version=None):
    """Return RECORD messages."""
    more = {} if version is None else {"version": version}
    return [{"type": "RECORD", "stream": stream, "record": {"id": name}, **more} for name in names]


def state(value):
    """Return a STATE message."""
    return {"type": "STATE", "value": value}


def schema_of(stream, **types):
    """Return the SCHEMA message of a stream."""
    return SCHEMA | {"stream": stream, "key_properties": [], "schema": {"properties": types}}


def test_rows_arrive_and_their_state_is_emitted(engine, singer):
    """The target writes nothing but the state to stdout."""
    done = singer([SCHEMA, *records("a", "b"), state({"x": 1})], UPSERT)
    assert 0 == done.returncode
    assert '{"x":1}\n' == done.stdout
    assert {"a", "b"} == engine.members()


def test_states_follow_the_rows_they_cover(engine, singer):
    """The target flushes after every second row and at the end, and emits the states in order."""
    lines = [SCHEMA]
    for n, name in enumerate("abcde"):
        lines += [*records(name), state({"n": n})]
    done = singer(lines, UPSERT, rows_per_flush=2)
    emitted = [json.loads(line)["n"] for line in done.stdout.splitlines()]
    assert sorted(emitted) == emitted
    assert 4 == emitted[-1]
    assert set("abcde") == engine.members()


def test_no_state_is_emitted_after_rows_that_did_not_arrive(engine, singer):
    """No state is emitted after rows that did not arrive, so that the tap sends them again."""
    engine.emu.fault("update_customer_profile_audiences", "500", count=0)
    done = singer([SCHEMA, *records("a"), state({"x": 1})], UPSERT, retry_budget_seconds=1)
    engine.emu.clear_faults()
    assert 1 == done.returncode
    assert "" == done.stdout
    assert [] == [line for line in done.stderr.splitlines() if "Traceback" in line]
    assert 0 == singer([SCHEMA, *records("a"), state({"x": 1})], UPSERT).returncode
    assert {"a"} == engine.members()


BAD = [
    (b"{no json", "line 3: "),
    (b"[1]", "line 3: "),
    (b'{"type":"RECORD","stream":"vip"}', "line 3: "),
    (b'{"type":"NOVELTY"}', "line 3: "),
    (b'{"type":"RECORD","stream":"vip","record":{"id":NaN}}', "line 3: "),
    (b'{"type":"RECORD","stream":"vip","record":{"id":"\xff\xfe"}}', "line 3: "),
    (b'{"type":"RECORD","stream":"other","record":{"id":"x"}}', "line 3: the stream 'other' is not in streams"),
    (b'{"type":"BATCH","stream":"vip","encoding":{"format":"jsonl"},"manifest":["file:///no/file.jsonl"]}', "no/file"),
]


@pytest.mark.parametrize(("line", "words"), BAD, ids=[line[:45].decode("latin-1") for line, _ in BAD])
def test_a_line_that_cannot_be_used_is_emitted_and_the_others_arrive(engine, singer, line, words):
    """The error names the line number, without a traceback; the exit code is 1, and no later state is emitted."""
    done = singer([SCHEMA, *records("a"), line, *records("b"), state({"x": 1})], UPSERT)
    assert 1 == done.returncode
    assert [text for text in done.stderr.splitlines() if words in text]
    assert "Traceback" not in done.stderr
    assert len(done.stderr) < 5000
    assert {"a", "b"} == engine.members()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"id": 5}, "breaks the stream's schema"),
        ({}, "breaks the stream's schema"),
        ({"id": None}, "breaks the stream's schema"),
        ({"id": ""}, "empty"),
        ({"id": "x" * 1001}, "1,000"),
    ],
)
def test_a_row_that_cannot_be_sent_is_in_the_rejects_with_its_reason(engine, singer, record, reason):
    """The reject names the line of the input; the other rows arrive and the state is emitted."""
    line = {"type": "RECORD", "stream": "vip", "record": record}
    streams = {"vip": UPSERT["vip"] | {"max_reject_share": 1}}
    done = singer([SCHEMA, *records("a"), line, *records("b"), state({"x": 1})], streams)
    assert 0 == done.returncode, done.stderr
    assert '{"x":1}\n' == done.stdout, done.stderr
    assert {"a", "b"} == engine.members()
    (reject,) = engine.rejects()
    assert "line 3" == reject["place"]
    assert "invalid" == reject["kind"]
    assert record == reject["row"]
    assert reason in reject["reason"]


def test_a_record_before_its_schema_is_an_error(engine, singer):
    """The target emits no STATE after a RECORD that came before its SCHEMA, because that row was not delivered."""
    done = singer([*records("a"), SCHEMA, *records("b"), state({"x": 1})], UPSERT)
    assert 1 == done.returncode
    assert "" == done.stdout
    assert "line 1: 1 RECORD(s) of vip came before its SCHEMA" in done.stderr
    assert {"b"} == engine.members()


def test_huge_integers_and_hostile_numbers_arrive_as_they_are(engine, singer):
    """All digits of a number arrive."""
    texts = ["123456789012345678", "0.1", "1e-7", "12345678901234.56"]
    lines = [schema_of("items", sku={"type": "string"}, price={"type": "number"})]
    lines += [
        f'{{"type":"RECORD","stream":"items","record":{{"sku":"s{n}","price":{text}}}}}' for n, text in enumerate(texts)
    ]
    assert 0 == singer(lines, {"items": ITEMS}).returncode
    bodies = engine.items()
    assert [float(text) for text in texts] == [float(bodies[f"s{n}"]["price"]) for n in range(4)]


def test_a_line_of_50_megabytes_is_a_row_like_any_other(engine, singer):
    """A row of 50 MB, whose key is too long, is in the rejects completely."""
    record = {"type": "RECORD", "stream": "vip", "record": {"id": "x" * 50_000_000}}
    streams = {"vip": UPSERT["vip"] | {"max_reject_share": 1}}
    done = singer([SCHEMA, *records("a"), record, *records("b"), state({})], streams)
    assert 0 == done.returncode
    assert len(done.stderr) < 5000
    assert {"a", "b"} == engine.members()
    assert [("line 3", record["record"])] == [(line["place"], line["row"]) for line in engine.rejects()]


def test_ten_thousand_digits_are_refused_in_a_moment(engine, singer):
    """A number that no catalog can hold is refused without a delay."""
    lines = [schema_of("items", sku={"type": "string"}, price={"type": "number"})]
    for n, text in enumerate(["9" * 10_000, "1e999999", "1e-999999", "5"]):
        lines.append(f'{{"type":"RECORD","stream":"items","record":{{"sku":"s{n}","price":{text}}}}}')
    done = singer(lines, {"items": ITEMS | {"max_reject_share": 1}})
    assert "Traceback" not in done.stderr
    assert "s3" in engine.items()
    assert {"line 2", "line 3"} <= {line["place"] for line in engine.rejects()}


CLOSING = {
    "the last line is a state": ([state({})], True),
    "the version is activated": ([{"type": "ACTIVATE_VERSION", "stream": "vip", "version": 1}], True),
    "another version is activated": ([{"type": "ACTIVATE_VERSION", "stream": "vip", "version": 2}], False),
    "the input just ends": ([], False),
    "the tap is in the middle of a stream": ([state({"currently_syncing": "vip"})], False),
    "the tap has markers of progress": ([state({"bookmarks": {"vip": {"progress_markers": {}}}})], False),
    "a line is torn": ([b'{"type":"STATE","val'], False),
    "a line was bad": ([b"bad", state({})], False),
}


@pytest.mark.parametrize(("end", "closes"), CLOSING.values(), ids=list(CLOSING))
def test_a_mirror_removes_only_after_an_input_that_was_read_to_its_end(engine, singer, end, closes):
    """Rows of an incomplete input are added, and none is removed."""
    singer([SCHEMA, *records("a", "b", version=1), state({})], MIRROR)
    singer([SCHEMA, *records("b", "c", version=1), *end], MIRROR)
    assert ({"b", "c"} if closes else {"a", "b", "c"}) == engine.members()


def test_an_input_cut_at_any_byte_removes_nobody(engine, singer):
    """An input that is cut at any byte before its end removes no member."""
    whole = b"".join(json.dumps(line).encode() + b"\n" for line in [SCHEMA, *records("b", "c"), state({})])
    singer([SCHEMA, *records("a", "b"), state({})], MIRROR)
    for cut in range(20, len(whole) - 2, 37):
        singer(whole[:cut], MIRROR)
        assert "a" in engine.members(), cut
    singer(whole, MIRROR)
    assert {"b", "c"} == engine.members()


def test_a_mirror_can_insist_on_activate_version(engine, singer):
    """With ``closed_by: activate_version``, a STATE at the end removes no rows."""
    streams = {"vip": MIRROR["vip"] | {"closed_by": "activate_version"}}
    for names in ("ab", "bc"):
        singer([SCHEMA, *records(*names, version=1), state({})], streams)
    assert {"a", "b", "c"} == engine.members()
    singer([SCHEMA, *records(*"bc", version=1), {"type": "ACTIVATE_VERSION", "stream": "vip", "version": 1}], streams)
    assert {"b", "c"} == engine.members()


@pytest.mark.parametrize("form", ["jsonl", "parquet", "arrow"])
def test_rows_in_batch_files_arrive(engine, singer, tmp_path, form):
    """Rows in batch files of each encoding arrive."""
    rows, path = [{"id": "a"}, {"id": "b"}], tmp_path / f"rows.{form}"
    table = pa.Table.from_pylist(rows)
    if form == "jsonl":
        path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    elif form == "parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as file:
            file.write_table(table)
    batch = {"type": "BATCH", "stream": "vip", "encoding": {"format": form, "compression": "none"}}
    done = singer([SCHEMA, batch | {"manifest": [path.as_uri()]}, state({})], UPSERT)
    assert 0 == done.returncode, done.stderr
    assert {"a", "b"} == engine.members()


@pytest.mark.parametrize(
    ("streams", "settings", "words"),
    [
        ({}, {}, "streams is empty"),
        ({"vip": {"sink": "audience_member", "mode": "add"}}, {}, "did you mean 'audience_members'?"),
        ({"vip": MEMBERS | {"mode": "insert_only"}}, {}, "it has mirror, upsert, add, remove"),
        ({"vip": MEMBERS | {"mode": "add", "kee": "id"}}, {}, "'kee' is not a known setting; did you mean 'key'?"),
        ({"vip": {"sink": "catalog_items", "mode": "mirror"}}, {}, "'catalog_id' is missing"),
        ({"vip": MEMBERS | {"mode": "add", "key": "nothing"}}, {}, "the source has no column 'nothing'"),
        (UPSERT, {"api_key": "wrong"}, "api_key"),
        (UPSERT, {"base_url": None}, "base_url"),
        (UPSERT, {"api_ky": "x"}, "api_key"),
    ],
)
def test_settings_that_cannot_work_are_emitted_in_a_line(singer, streams, settings, words):
    """The exit code is 2, the error names the setting, and nothing is sent."""
    done = singer([SCHEMA, *records("a")], streams, **settings)
    assert "Traceback" not in done.stderr
    assert words in done.stderr
    assert done.returncode in (1, 2) if "api_key" in settings else done.returncode == 2


def test_a_plan_changes_nothing(engine, singer):
    """A plan prints what would be done and changes nothing."""
    done = singer([SCHEMA, *records("a", "b"), state({})], MIRROR, "--plan")
    assert 0 == done.returncode, done.stderr
    assert "" == done.stdout, done.stderr
    assert "plan: vip (audience_members, mirror): 2 to add" in done.stderr
    assert [] == engine.emu.state("audiences")["audiences"]
    assert not [one for one in engine.emu.requests() if one["method"] != "GET"]


def test_a_guard_ends_with_exit_code_3_and_the_figures(engine, singer):
    """A guard ends the run with exit code 3 before anything is sent."""
    singer([SCHEMA, *records(*"abcdefghij"), state({})], {"vip": MEMBERS | {"mode": "mirror"}})
    done = singer([SCHEMA, *records("a"), state({})], {"vip": MEMBERS | {"mode": "mirror"}})
    assert 3 == done.returncode
    assert "" == done.stdout
    assert "9 of 10" in done.stderr
    assert 10 == len(engine.members())


def test_secrets_are_in_no_output_and_no_file(engine, singer, tmp_path):
    """No key is in debug logs or rejects files."""
    row = {"type": "RECORD", "stream": "vip", "record": {"id": ""}}
    streams = {"vip": UPSERT["vip"] | {"max_reject_share": 1}}
    good = singer([SCHEMA, *records("a"), row, state({})], streams, log_level=None)
    bad = singer([SCHEMA, *records("a")], streams, api_key="planted-and-wrong")
    text = good.stdout + good.stderr + bad.stdout + bad.stderr
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "config.json"]
    content = b"".join(path.read_bytes() for path in files)
    assert engine.rejects()
    for secret in (engine.emu.api_key, engine.emu.management_key, "planted-and-wrong"):
        assert secret not in text
        assert secret.encode() not in content


def test_sigterm_ends_it_after_the_requests_in_flight(engine, tmp_path):
    """SIGTERM leads to exit code 143, and the next run sends the remaining rows."""
    config = {
        "base_url": engine.emu.url,
        "api_key": engine.emu.api_key,
        "store": engine.store,
        "rejects_directory": str(tmp_path / "rejects"),
        "results_directory": str(tmp_path / "results"),
        "concurrency": 1,
        "streams": {"visits": {"sink": "events", "mode": "add"}},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    texts = {"type": "string"}
    schema = schema_of("visits", eventId=texts, profileId=texts, type=texts)
    rows = [
        {"type": "RECORD", "stream": "visits", "record": {"eventId": f"e{n}", "profileId": "p", "type": "x"}}
        for n in range(200)
    ]
    text = "".join(json.dumps(line) + "\n" for line in [schema, *rows, state({"x": 1})]).encode()
    command = [sys.executable, "-m", "target_talon_one", "--config", str(tmp_path / "config.json")]
    engine.emu.fault("track_event_v2", "latency", count=0, seconds=0.02)
    process = commands.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(text)
    process.stdin.close()
    process.stdin = None
    while engine.emu.counters().get("track_event_v2", {"requests": 0})["requests"] < 10:
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=20)
    engine.emu.clear_faults()
    assert 143 == process.returncode, errors
    assert b"" == output, errors
    sent = len(engine.emu.state("events")["events"])
    assert 10 <= sent < 200
    done = commands.run(command, input=text, capture_output=True)
    assert 0 == done.returncode
    assert b'{"x":1}\n' == done.stdout
    assert 200 == len(engine.emu.state("events")["events"])


def test_rows_are_sent_and_their_state_is_emitted_while_the_input_pauses(engine, tmp_path):
    """A tap that pauses after many rows holds nothing back: they are sent, and their state is emitted."""
    names = [f"n{number}" for number in range(10_000)]
    lines = [SCHEMA, *records(*names[:9_000]), state({"x": 1}), *records(*names[9_000:])]
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    with started(engine, tmp_path, UPSERT) as process:
        process.stdin.write(text)
        process.stdin.flush()
        first = process.stdout.readline()
        members = len(engine.members())
        process.stdin.close()
        assert b"" == process.stdout.read()
    assert b'{"x":1}\n' == first
    assert 10_000 == members
    assert 0 == process.wait()


def started(engine, tmp_path, streams):
    """Start the target as a process that waits for its input."""
    config = tmp_path / "config.json"
    settings = {
        "base_url": engine.emu.url,
        "api_key": engine.emu.api_key,
        "management_key": engine.emu.management_key,
        "management_requests_per_second": 100_000,
        "store": str(tmp_path / "store.duckdb"),
        "rejects_directory": str(tmp_path / "rejects"),
        "results_directory": str(tmp_path / "results"),
        "streams": streams,
    }
    config.write_text(json.dumps(settings))
    command = [sys.executable, "-m", "target_talon_one", "--config", str(config)]
    return commands.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
