"""Fixtures of the warehouse tests."""

import io
import os
import subprocess

import pytest

from talon_one_warehouse import open_warehouse, table_spec

_TYPES = {
    "id": {"type": "integer"},
    "text": {"type": ["string", "null"]},
    "amount": {"type": ["number", "null"]},
    "at": {"type": ["string", "null"], "format": "date-time"},
    "flag": {"type": ["boolean", "null"]},
    "attributes": {"type": ["object", "null"]},
}


@pytest.fixture
def table():
    """A table with a column of every kind, and the key id."""
    return table_spec("ledger", {"properties": _TYPES}, ["id"])


@pytest.fixture
def url(tmp_path):
    """A file that does not exist yet."""
    return f"duckdb:///{tmp_path}/test.duckdb"


@pytest.fixture
def warehouse(url, table):
    """A warehouse with the table."""
    with open_warehouse(url) as opened:
        opened.prepare(table)
        yield opened


@pytest.fixture
def sent():
    """Return what a sync sends of a value, as canonical JSON, or why its row is refused."""
    from target_talon_one.mapping.conversion_errors import InvalidRow
    from target_talon_one.mapping.mapper import Mapper
    from target_talon_one.mapping.mapping_options import MappingOptions
    from target_talon_one.sinks.table import SINKS

    options = MappingOptions(map={"integrationId": "id", "attributes": {"x": "x"}}, nulls="send_null")

    def of(value, kind=None):
        types = None if kind is None else {"x": kind}
        mapper = Mapper(SINKS["customer_profiles"], options, columns=["id", "x"], attribute_types=types)
        try:
            fields = mapper({"id": "a", "x": value}).fields.decode()
        except InvalidRow as problem:
            return f"refused: {problem.reason.partition(': ')[2]}"
        return fields.removeprefix('{"attributes":{"x":').removesuffix('},"integrationId":"a"}')

    return of


@pytest.fixture
def of_batch():
    """Return what a sync sends of column x of a file in a Singer BATCH, or why its row is refused."""
    from talon_one_singer.protocol.message_reader import read_messages
    from talon_one_singer.protocol.message_writer import MessageWriter
    from talon_one_singer.protocol.messages import BadLine, RecordLines

    def of(path, form, sent):
        out = io.BytesIO()
        writer = MessageWriter(out)
        writer.schema("s", {"properties": {"x": {}}}, [])
        writer.batch("s", {"format": form}, [str(path)])
        found = []
        for message in read_messages(io.BytesIO(out.getvalue())):
            if isinstance(message, BadLine):
                found.append(f"refused: {message.reason}")
            elif isinstance(message, RecordLines):
                found += [sent(row["x"]) for row in message.rows]
        return found

    return of


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
