"""Messages of the tap with metadata columns and through stream maps, by the real command."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests import commands
from tests.tap.conftest import CARD_ROWS

PROGRAMS = "loyalty_programs"  # read whole, so that its rows have a version
COLUMNS = {"_sdc_extracted_at", "_sdc_sequence", "_sdc_sync_started_at", "_sdc_table_version"}
ONE_CARD = {"card_ids": ["card-000001"], "settle_seconds": 0}


def of(run, kind, stream):
    """Return the messages of a type and a stream."""
    return [one for one in run.messages if one["type"] == kind and one["stream"] == stream]


def plain(row):
    """Return a row without the columns of metadata."""
    return {name: value for name, value in row.items() if name not in COLUMNS}


def test_metadata_says_when_and_by_which_run_a_row_was_read(emu, sync):
    """The columns agree with the messages around the row, and nothing else changes."""
    without = sync(CARD_ROWS, PROGRAMS, **ONE_CARD)
    run = sync(CARD_ROWS, PROGRAMS, add_record_metadata=True, **ONE_CARD)
    assert [0, 0] == [without.code, run.code]
    for stream in (CARD_ROWS, PROGRAMS):
        records = of(run, "RECORD", stream)
        assert without.rows(stream) == [plain(one["record"]) for one in records]
        (schema,) = of(run, "SCHEMA", stream)
        assert set(schema["schema"]["properties"]) >= COLUMNS
        for one in records:
            assert one["time_extracted"] == one["record"]["_sdc_extracted_at"]
            assert one["record"]["_sdc_sync_started_at"] <= one["record"]["_sdc_sequence"]
            assert one.get("version") == one["record"]["_sdc_table_version"]
    assert {True} == {"version" in one for one in of(run, "RECORD", PROGRAMS)}


def test_metadata_is_in_batch_files_too(emu, sync, tmp_path):
    """Rows of a BATCH have the columns that its SCHEMA names."""
    batches = {"batch": "jsonl", "batch_directory": str(tmp_path), "add_record_metadata": True}
    run = sync(CARD_ROWS, **ONE_CARD, **batches)
    (batch,) = of(run, "BATCH", CARD_ROWS)
    lines = gzip.decompress(Path(urlsplit(batch["manifest"][0]).path).read_bytes()).splitlines()
    assert 20 == len(lines)
    assert {True} == {set(json.loads(line)) >= COLUMNS for line in lines}


def test_maps_change_streams_rows_and_versions(emu, sync):
    """A renamed stream has all its messages under the new name, and what a filter leaves out is counted."""
    maps = {
        CARD_ROWS: {
            "__filter__": "id % 2 == 0",
            "amount": "amount * 2",
            "card": "cardIdentifier",
            "cardIdentifier": None,
        },
        PROGRAMS: {"__alias__": "programs", "id": "id", "__else__": None},
    }
    given = {"flattening_enabled": True, "flattening_max_depth": 1, "add_record_metadata": True}
    rows = sync(CARD_ROWS, **ONE_CARD).rows()
    run = sync(CARD_ROWS, PROGRAMS, **ONE_CARD, **given, stream_maps=maps)
    assert 0 == run.code, run.stderr
    expected = [
        {**row, "amount": row["amount"] * 2, "card": row["cardIdentifier"]} for row in rows if row["id"] % 2 == 0
    ]
    for row in expected:
        del row["cardIdentifier"]
    assert expected == [plain(row) for row in run.rows()]
    assert f"{CARD_ROWS}: stream_maps left out 10 rows" in run.stderr
    assert [] == [one for one in run.messages if one.get("stream") == PROGRAMS]
    versions = {one["version"] for one in of(run, "RECORD", "programs")}
    assert versions == {one["version"] for one in of(run, "ACTIVATE_VERSION", "programs")}
    assert {"id", *COLUMNS} == set(run.rows("programs")[0])


def test_a_row_that_cannot_be_mapped_ends_its_stream(emu, sync):
    """The stream fails with exit code 1 and its state stays before the row; other streams are read."""
    run = sync(CARD_ROWS, PROGRAMS, **ONE_CARD, stream_maps={CARD_ROWS: {"amount": "amount * 1.5"}})
    assert 1 == run.code
    assert f": stream_maps: {CARD_ROWS}: the row id=" in run.stderr
    assert "Traceback" not in run.stderr
    assert [] == run.rows()
    assert [] != run.rows(PROGRAMS)
    assert [] == sync(CARD_ROWS, state=run.state, **ONE_CARD, stream_maps={CARD_ROWS: None}).rows()
    assert 20 == len(sync(CARD_ROWS, state=run.state, **ONE_CARD).rows())


def test_maps_that_do_not_fit_are_refused_before_any_request(emu, sync):
    """A stream that does not exist, a key left out and two streams of one name end with exit code 2."""
    for maps, words in (
        ({"loyalty_program": {"name": None}}, "there is no stream 'loyalty_program'; did you mean 'loyalty_programs'?"),
        ({PROGRAMS: {"id": None}}, "Removing key property 'id' is not permitted"),
        ({PROGRAMS: {"__alias__": CARD_ROWS}}, f"write the stream '{CARD_ROWS}'"),
    ):
        run = sync(CARD_ROWS, PROGRAMS, **ONE_CARD, stream_maps=maps)
        assert 2 == run.code
        assert words in run.stderr
        assert "" == run.stdout


def test_settings_of_messages_are_refused_by_loads(emu, settings, write, tmp_path):
    """A load would write what a map hides, so it refuses each of these settings by its name."""
    for name, value in (("stream_maps", {PROGRAMS: None}), ("flattening_enabled", True), ("add_record_metadata", True)):
        config = write("config.json", settings(**ONE_CARD, **{name: value}))
        command = [sys.executable, "-m", "talon_one_cli", "load", "--to", f"duckdb:///{tmp_path}/x.duckdb"]
        done = commands.run([*command, "--config", config], capture_output=True, text=True)
        assert 2 == done.returncode
        assert f"the setting {name} changes Singer messages" in done.stderr


def test_a_run_without_maps_does_not_load_the_sdk(emu, settings, write):
    """The Singer SDK is imported only if a setting asks for it."""
    config = write("config.json", settings(**ONE_CARD))
    program = (
        "import sys; from talon_one_singer.cli.tap_cli import tap_command; from tap_talon_one.tap import definition\n"
        f"tap_command(definition()).main(['--config', {config!r}], standalone_mode=False)\n"
        "sys.exit('singer_sdk' in sys.modules)"
    )
    assert 0 == commands.run([sys.executable, "-c", program], capture_output=True).returncode
