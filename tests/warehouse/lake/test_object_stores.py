"""Delta tables in S3: a server of the protocol as a separate program."""

import pytest
from deltalake import DeltaTable

from talon_one_warehouse import (
    MergeCounts,
    TableError,
    WarehouseConfigError,
    WarehouseError,
    WarehouseLockedError,
    open_warehouse,
    table_spec,
    to_arrow,
)

SECRET = "planted-secret-of-s3"
TYPES = {
    "id": {"type": "integer"},
    "created": {"type": "string", "format": "date-time"},
    "amount": {"type": "number"},
}
LEDGER = table_spec("ledger", {"properties": TYPES}, ["id"])
TABLE = "bucket/lake/talon_one/ledger"


def row(key, month="2024-01", amount="1"):
    """A row of a month."""
    return f'{{"id":{key},"created":"{month}-15T12:00:00Z","amount":{amount}}}'.encode()


def merge(lake, *rows, state=None):
    """Merges rows into the ledger."""
    return lake.merge({"ledger": [to_arrow(LEDGER, rows)]}, state)


def live():
    """The number of live files of the ledger."""
    return len(DeltaTable(f"s3://{TABLE}", storage_options={"AWS_ALLOW_HTTP": "true"}).file_uris())


def test_rows_are_merged_and_read_again(s3):
    """New, changed and unchanged rows are merged into a bucket and read again, with the state."""
    with open_warehouse("s3://bucket/lake/") as lake:
        lake.prepare(LEDGER)
        first = merge(lake, row(1), row(2, "2024-02"), state={"run": {"at": 1}})
        second = merge(lake, row(1), row(2, "2024-03", "12345678901234.56"), row(3), state={"run": {"at": 2}})
    assert MergeCounts(2, 0) == first
    assert MergeCounts(1, 1) == second
    with open_warehouse("s3://bucket/lake") as lake:
        found = lake.query("SELECT id, CAST(amount AS VARCHAR), month(created) FROM ledger ORDER BY id")
        assert {"at": 2} == lake.state("run")
    one = "1.000000000000000000"
    assert [(1, one, 1), (2, "12345678901234.560000000000000000", 3), (3, one, 1)] == found


def test_the_second_of_two_loads_is_refused(s3):
    """The second of two loads is refused when it merges, and only the rows of the first are there."""
    with open_warehouse("s3://bucket/lake") as first, open_warehouse("s3://bucket/lake") as second:
        for lake in (first, second):
            lake.prepare(LEDGER)
        merge(first, row(1))
        with pytest.raises(WarehouseLockedError, match="changed by another process since it was opened"):
            merge(second, row(2))
        merge(first, row(3))
    with open_warehouse("s3://bucket/lake") as lake:
        assert [(1,), (3,)] == lake.query("SELECT id FROM ledger ORDER BY id")


def test_a_state_that_another_load_has_saved_is_not_overwritten(s3):
    """The second of two loads is refused when it saves its state, even if it has merged no rows."""
    with open_warehouse("s3://bucket/lake") as first, open_warehouse("s3://bucket/lake") as second:
        first.merge({}, {"run": {"at": 1}})
        with pytest.raises(WarehouseLockedError, match="changed by another process since it was opened"):
            second.merge({}, {"run": {"at": 2}})
    with open_warehouse("s3://bucket/lake") as lake:
        assert {"at": 1} == lake.state("run")


def test_a_table_that_another_load_creates_at_the_same_time_is_shared(s3):
    """A table that another load has created since the lake was opened is used as it is."""
    with open_warehouse("s3://bucket/lake") as first, open_warehouse("s3://bucket/lake") as second:
        first.prepare(LEDGER)
        second.prepare(LEDGER)
        assert MergeCounts(1, 0) == merge(second, row(1))


def test_a_column_that_appears_is_null_in_older_rows(s3):
    """A column that appears in a later load is null in older rows, and a column of another type is refused."""
    wider = table_spec("ledger", {"properties": {**TYPES, "name": {"type": "string"}}}, ["id"])
    other = table_spec("ledger", {"properties": {**TYPES, "amount": {"type": "string"}}}, ["id"])
    with open_warehouse("s3://bucket/lake") as lake:
        lake.prepare(LEDGER)
        merge(lake, row(1))
        lake.prepare(wider)
        lake.merge({"ledger": [to_arrow(wider, [b'{"id":2,"name":"b"}'])]})
        assert [(1, None), (2, "b")] == lake.query("SELECT id, name FROM ledger ORDER BY id")
        with pytest.raises(TableError, match=r"amount exists as decimal\(38,18\) instead of string"):
            lake.prepare(other)


@pytest.mark.slow
def test_many_merges_leave_few_objects(s3):
    """Small objects of many merges are compacted into few."""
    with open_warehouse("s3://bucket/lake") as lake:
        lake.prepare(LEDGER)
        for n in range(20):
            merge(lake, row(n))
        assert [(20, 20)] == lake.query("SELECT count(*), count(DISTINCT id) FROM ledger")
    assert live() < 8


def test_a_bucket_that_is_not_there_is_reported_in_one_line(s3):
    """The error about a missing bucket is one line with its name."""
    with pytest.raises(WarehouseConfigError) as caught:
        open_warehouse("s3://no-such-bucket/lake")
    assert "cannot open s3://no-such-bucket/lake: The specified bucket does not exist" == str(caught.value)


def test_keys_that_are_missing_are_reported_in_one_line(s3, monkeypatch, tmp_path):
    """Missing keys are reported in one line, without a request to the network."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    type(s3).clear_instance_cache()
    with pytest.raises(WarehouseConfigError, match="credentials") as caught:
        open_warehouse("s3://bucket/lake")
    assert "\n" not in str(caught.value)


def test_a_server_that_is_gone_is_reported_in_one_line(s3, monkeypatch):
    """The error about an unreachable server is one line with its address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    type(s3).clear_instance_cache()
    with pytest.raises(WarehouseError, match=r"http://127\.0\.0\.1:9") as caught:
        open_warehouse("s3://bucket/lake")
    assert "\n" not in str(caught.value)


def test_no_secret_is_in_any_object(s3):
    """No object and no text of the warehouse contains a secret."""
    with open_warehouse("s3://bucket/lake") as lake:
        lake.prepare(LEDGER)
        merge(lake, row(1), state={"run": {}})
        assert SECRET not in repr(lake)
    assert [] == [path for path in s3.find("bucket/lake") if SECRET.encode() in s3.cat_file(path)]
