"""Loads into Redshift by its own client, against a PostgreSQL that answers it, and an S3."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from decimal import Decimal

import psycopg
import pytest

from talon_one_warehouse import (
    MergeCounts,
    RowError,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    open_warehouse,
    table_spec,
    to_arrow,
)
from talon_one_warehouse.arrow.load_time import with_load_time, with_no_mark

SECRET = "planted-secret-of-s3"
KEYED = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "number"}}}, ["owner"])
AT = datetime(2026, 1, 1, 12, 0, 0, 1, tzinfo=UTC)


@pytest.fixture
def staged(s3):
    """Return a function that returns the names of all staged files."""
    return lambda: sorted(path.rpartition("/")[2] for path in s3.find("bucket"))


@pytest.mark.slow
def test_a_load_merges_rows_and_state_in_one_transaction(redshift_load_url, table, staged, caplog):
    """Every kind of value arrives; a merge that fails takes back rows and state; no staged file is left."""
    full = b'{"id":1,"text":"it\\u0027s \\\\ \\u00fc\\n","amount":12345678901234.560000000000000001,"flag":true,'
    full += b'"at":"2024-01-31T12:00:00.123456Z","attributes":{"b":  1.50, "b": "\\u0000"}}'
    rows = [full, b'{"id":2}', b'{"id":3,"text":"","flag":false,"at":"0001-01-01T00:00:00Z","amount":-1e-18}']
    lost = table_spec("lost", {"properties": {"id": {"type": "integer"}}}, ["id"])
    with open_warehouse(redshift_load_url) as warehouse:
        for one in (table, lost):
            warehouse.prepare(one)
        counts = [
            warehouse.merge({"ledger": [to_arrow(table, part)]}, {"run": {"at": at}})
            for at, part in enumerate((rows, rows, [full, b'{"id":2,"text":"b"}', b'{"id":4}']))
        ]
        warehouse.query("DROP TABLE talon_one.lost")
        batches = {"ledger": [to_arrow(table, [b'{"id":1}', b'{"id":5}'])], "lost": [to_arrow(lost, [b'{"id":1}'])]}
        with pytest.raises(WarehouseError, match="lost"):
            warehouse.merge(batches, {"run": {"at": 9}})
        assert {"at": 2} == warehouse.state("run")
        found = warehouse.query("SELECT * FROM talon_one.ledger ORDER BY id")
    assert [MergeCounts(3, 0), MergeCounts(0, 0), MergeCounts(1, 1)] == counts
    moment, first = datetime(2024, 1, 31, 12, 0, 0, 123456, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)
    amounts = [Decimal("12345678901234.560000000000000001"), Decimal("-1e-18")]
    assert [
        (1, "it's \\ ü\n", amounts[0], moment, True, '{"b":  1.50, "b": "\\u0000"}'),
        (2, "b", None, None, None, None),
        (3, "", amounts[1], first, False, None),
        (4, None, None, None, None, None),
    ] == found
    assert [] == staged()
    assert 1 == sum("loads into Redshift are beta" in record.message for record in caplog.records)


@pytest.mark.slow
def test_a_complete_read_marks_the_rows_that_are_gone(redshift_load_url):
    """Keys are compared with all their blanks; a table of an earlier version gets the columns for it."""
    marked = KEYED.with_loaded_at().with_deleted_at()
    every = [b'{"owner":"a"}', b'{"owner":"a "}', b'{"owner":"\\u00fc\\u0027"}']
    with open_warehouse(redshift_load_url) as warehouse:
        warehouse.prepare(KEYED)
        assert MergeCounts(3, 0) == warehouse.merge({"keyed": [to_arrow(KEYED, every)]})
    with open_warehouse(redshift_load_url) as warehouse:
        warehouse.prepare(marked)
        counts = []
        for rows, delete in ((every[:2], False), (every[:1], False), (every[1:2], True)):
            warehouse.begin_read("keyed")
            for row in rows:
                warehouse.merge({"keyed": with_no_mark(with_load_time([to_arrow(KEYED, [row])], AT))})
            counts.append(warehouse.end_read("keyed", AT, delete=delete))
            found = warehouse.query("SELECT owner, _deleted_at, _loaded_at FROM talon_one.keyed ORDER BY owner")
            if not delete:
                last = found
    assert [1, 1, 2] == counts
    assert [("a", None, None), ("a ", AT, AT), ("ü'", AT, AT)] == last
    assert [("a ", None, AT)] == found


@pytest.mark.slow
def test_another_key_or_type_is_refused(redshift_load_url):
    """The catalog tells the key and the types of a table that is there."""
    other = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "string"}}}, ["owner"])
    rekeyed = table_spec("keyed", {"properties": {"owner": {"type": "string"}, "n": {"type": "number"}}}, ["n"])
    with open_warehouse(redshift_load_url) as warehouse:
        warehouse.prepare(KEYED)
        warehouse.prepare(KEYED)
        with pytest.raises(TableError, match=r"keyed\.n exists as numeric\(38,18\) instead of character varying"):
            warehouse.prepare(other)
        with pytest.raises(TableError, match=r"exists with the key \(owner\) instead of \(n\)"):
            warehouse.prepare(rekeyed)


@pytest.mark.slow
def test_a_row_that_cannot_be_held_leaves_neither_rows_nor_state(redshift_load_url):
    """The row is refused before anything is uploaded."""
    batch = to_arrow(KEYED, [b'{"owner":"a"}', b'{"owner":"%s"}' % (b"x" * 65_536)])
    with open_warehouse(redshift_load_url) as warehouse:
        warehouse.prepare(KEYED)
        with pytest.raises(RowError, match="longer than the 65,535 bytes"):
            warehouse.merge({"keyed": [batch]}, {"run": {}})
        assert [(0,)] == warehouse.query("SELECT count(*) FROM talon_one.keyed")
        assert warehouse.state("run") is None


@pytest.mark.slow
def test_keys_that_copy_uses_are_in_no_message(redshift_load_url, caplog):
    """COPY may use the keys of the environment; errors and logs of later statements show none of them."""
    caplog.set_level(logging.DEBUG)
    with open_warehouse(f"{redshift_load_url}&copy_keys=true") as warehouse:
        warehouse.prepare(KEYED)
        assert MergeCounts(1, 0) == warehouse.merge({"keyed": [to_arrow(KEYED, [b'{"owner":"a"}'])]})
        with pytest.raises(WarehouseError, match="does not exist") as caught:
            warehouse.query(f'SELECT "{SECRET}"')
    assert SECRET not in str(caught.value)
    assert SECRET not in caplog.text


@pytest.mark.slow
def test_files_of_killed_loads_are_removed_after_a_day(redshift_load_url, s3, staged):
    """The next load removes staged files that are older than a day, and no others."""
    now = int(time.time())
    old, new = (f"talon_one_stage_{at:x}_00_0.parquet" for at in (now - 90_000, now - 80_000))
    for name in (f"staging/{old}", f"staging/{new}", "staging/mine.parquet", f"staging/deeper/{old}", f"other/{old}"):
        s3.pipe_file(f"bucket/{name}", b"")
    open_warehouse(redshift_load_url).close()
    assert sorted([new, "mine.parquet", old, old]) == staged()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("&staging=s3://bucket/staging", ""), "needs a folder in S3 for staged files: the parameter staging"),
        (("s3://bucket", "gs://bucket"), "staging is the URL of a folder in S3, like s3://bucket/prefix"),
        (("s3://bucket", "s3://nowhere"), r"s3://nowhere/staging/: .*NoSuchBucket"),
        (("/staging", "/staging&iam_role=me"), "iam_role is the ARN of a role, like arn:aws:iam::"),
        (("/staging", "/staging&iam_role=default&copy_keys=true"), "iam_role and copy_keys both say"),
        (("staging=", "stage="), "redshift:// has no parameter 'stage'"),
        (("loader", "reader"), "permission denied"),
    ],
)
def test_a_load_that_cannot_work_is_refused_when_it_is_opened(redshift_load_url, change, words):
    """The error is one line of the settings, without the password."""
    with pytest.raises(WarehouseConfigError, match=words) as caught:
        open_warehouse(redshift_load_url.replace(*change))
    assert "planted" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_keys_that_are_missing_are_reported(redshift_load_url, monkeypatch, tmp_path):
    """Without any keys of AWS the error says so, and no request is sent."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(WarehouseConfigError, match="Unable to locate credentials"):
        open_warehouse(redshift_load_url)


@pytest.mark.slow
def test_an_s3_that_does_not_answer_may_come_back(redshift_load_url, monkeypatch):
    """An S3 that is away is a transient error in one line."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(WarehouseError, match=r"http://127\.0\.0\.1:9") as caught:
        open_warehouse(redshift_load_url)
    assert WarehouseError is type(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("plain", ["on", "off"])
def test_a_backslash_in_a_literal_is_itself(redshift_load_url, plain):
    """A text with backslashes is read back, whether the server takes them for escapes or not."""
    texts = ["\\", "a\\'b\\\\", "\\n", "c"]
    with open_warehouse(redshift_load_url) as warehouse:
        warehouse.query(f"SET standard_conforming_strings = {plain}")
        shown = ", ".join(f"{warehouse.literal(text)} AS c{index}" for index, text in enumerate(texts))
        assert [tuple(texts)] == warehouse.query(f"SELECT {shown}")


def test_a_database_that_ignores_case_is_refused(redshift_load_url, redshift_server):
    """Keys that differ in capital letters only would be one row there."""
    name = redshift_load_url.rpartition("?")[0].rpartition("/")[2]
    with psycopg.connect(f"{redshift_server[0]}/{name}", autocommit=True) as owner:
        owner.execute(
            "CREATE OR REPLACE FUNCTION db_collation() RETURNS text LANGUAGE sql AS $$ SELECT 'case_insensitive' $$"
        )
    with pytest.raises(WarehouseConfigError, match="does not distinguish capital from small letters"):
        open_warehouse(redshift_load_url)
