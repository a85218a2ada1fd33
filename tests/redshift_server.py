"""A PostgreSQL that answers Redshift's client, and copies Parquet files from S3 as far as loads need it.

PostgreSQL runs the statements of both as they are. What it lacks is made of it: the function ``db_collation``, and COPY
of a Parquet file, which becomes an INSERT of the rows of the file, column by column in their order.
"""

from __future__ import annotations

import io
import os
import re
import socket
from contextlib import contextmanager, suppress
from functools import lru_cache
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.servers import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers import Postgres

# By database: a role that may only read, one that may load, and what new databases have.
ROLES_AND_FUNCTIONS = {
    "postgres": (
        "SET password_encryption = 'md5'",
        f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_read_all_data",
        f"CREATE ROLE loader LOGIN PASSWORD '{PASSWORD}'",
    ),
    "template1": ("CREATE FUNCTION db_collation() RETURNS text LANGUAGE sql AS $$ SELECT 'case_sensitive' $$",),
}
_VERSION = re.compile(rb"(?<=server_version\0)[^\0]+")
_COPY = re.compile(
    r"COPY (?P<stage>\"[^\"]+\") FROM 's3://(?P<bucket>[^/']+)/(?P<key>[^']+)' "
    r"(?:IAM_ROLE default|IAM_ROLE 'arn:[^']+'|ACCESS_KEY_ID '(?P<name>[^']+)' SECRET_ACCESS_KEY '(?P<secret>[^']+)')"
    r" FORMAT AS PARQUET"
)
_PARSE = b"P"


@contextmanager
def redshift(postgres: Postgres) -> Iterator[str]:
    """Let a PostgreSQL answer Redshift's client, and yield ``redshift://user:password@host:port`` of the reader.

    PostgreSQL refuses the parameters with which the client begins, and the client does not read its version.
    """
    rules = postgres.folder / "data" / "pg_hba.conf"
    rules.write_text(f"host all reader,loader 127.0.0.1/32 md5\n{rules.read_text()}")
    postgres.reload()
    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=_answer, args=(server, postgres.port), daemon=True).start()
        yield f"redshift://reader:{quote(PASSWORD)}@127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def _answer(server: socket.socket, port: int) -> None:
    with suppress(OSError):
        while True:
            client, _ = server.accept()
            upstream = socket.create_connection(("127.0.0.1", port))
            upstream.sendall(_plain_startup(client))
            Thread(target=_pass_on, args=(upstream, client, _answers), daemon=True).start()
            Thread(target=_pass_on, args=(client, upstream, _statements), daemon=True).start()


def _plain_startup(client: socket.socket) -> bytes:
    """Return the client's first message without Redshift's parameters."""
    length = int.from_bytes(client.recv(4, socket.MSG_WAITALL), "big")
    body = client.recv(length - 4, socket.MSG_WAITALL)
    texts = body[4:].rstrip(b"\0").split(b"\0")
    kept = [
        text
        for pair in zip(texts[::2], texts[1::2], strict=False)
        if pair[0] in (b"user", b"database")
        for text in pair
    ]
    body = body[:4] + b"\0".join([*kept, b"", b""])
    return (len(body) + 4).to_bytes(4, "big") + body


def _pass_on(source: socket.socket, to: socket.socket, parts: Callable[[socket.socket], Iterator[bytes]]) -> None:
    with source, suppress(OSError):
        for part in parts(source):
            to.sendall(part)
    with suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)


def _answers(server: socket.socket) -> Iterator[bytes]:
    """Yield what the server says, with the version of a Redshift."""
    while data := server.recv(1 << 16):
        yield _VERSION.sub(lambda match: b"8.0.2+".ljust(len(match[0]), b"x"), data)


def _statements(client: socket.socket) -> Iterator[bytes]:
    """Yield the client's messages, with INSERT in place of COPY."""
    while head := client.recv(5, socket.MSG_WAITALL):
        length = int.from_bytes(head[1:], "big") - 4
        body = client.recv(length, socket.MSG_WAITALL) if length else b""
        if head[:1] == _PARSE:
            name, statement, rest = body.split(b"\0", 2)
            body = b"\0".join((name, _translated(statement.decode()).encode(), rest))
        yield head[:1] + (len(body) + 4).to_bytes(4, "big") + body


def _translated(statement: str) -> str:
    if not statement.startswith("COPY "):
        return statement
    found = _COPY.fullmatch(statement)
    if found is None:
        return "SELECT 'the statement is no COPY of a Parquet file'::integer"
    try:
        rows = _rows(found)
    except Exception as error:  # noqa: BLE001 - the server reports it
        return f"SELECT {_literal(f'{type(error).__name__}: {error}')}::integer"
    return f"INSERT INTO {found['stage']} VALUES {', '.join(rows)}"


def _rows(copy: re.Match[str]) -> list[str]:
    """Return the rows of the file that a COPY names, in SQL."""
    import pyarrow.parquet as pq

    client = _s3(os.environ["AWS_ENDPOINT_URL"], copy["name"], copy["secret"])
    body = client.get_object(Bucket=copy["bucket"], Key=copy["key"])["Body"].read()
    columns = [column.to_pylist() for column in pq.read_table(io.BytesIO(body)).columns]
    return [f"({', '.join(map(_literal, row))})" for row in zip(*columns, strict=True)]


@lru_cache
def _s3(server: str, name: str | None, secret: str | None) -> Any:
    """Return a client with some keys, or with those of the environment."""
    import boto3

    keys = {"aws_access_key_id": name, "aws_secret_access_key": secret} if name else {}
    return boto3.client("s3", endpoint_url=server, **keys)


def _literal(value: object) -> str:
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"
