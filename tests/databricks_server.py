"""A server of the protocol of Databricks' SQL connector: its statements run in DuckDB, translated by sqlglot.

A folder is the volume, and a statement about a file is answered with the URL that the connector is to use. What sqlglot
does not translate is listed in ``_translated``; nothing else of a statement is changed.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import sqlglot
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from sqlglot import exp
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from tests.servers import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

VOLUME = "/Volumes/main/default/loads"
PUT = re.compile(rf"PUT '(?P<file>/[^']+)' INTO '{VOLUME}/(?P<name>[^'/]+)' OVERWRITE")
REMOVE = re.compile(rf"REMOVE '{VOLUME}/(?P<name>[^'/]+)'")
LIST = f"LIST '{VOLUME}'"
_TYPES = (
    "CASE data_type WHEN 'VARCHAR' THEN 'string' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp' ELSE data_type END"
)
_COUNTS = ("num_affected_rows", "num_updated_rows", "num_deleted_rows", "num_inserted_rows")


class Engine:
    """The statements of a session.

    Args:
        db: of the session.
        volume: the folder.
        files: the URL of the files of the volume.
    """

    def __init__(self, db: duckdb.DuckDBPyConnection, volume: Path, files: str) -> None:
        self.db = db
        self._volume, self._files = volume, files
        db.execute("SET TimeZone = 'UTC'")
        db.execute("CREATE TEMPORARY MACRO timestamp_micros(us) AS make_timestamptz(us)")

    def run(self, statement: str) -> tuple[pa.Table, bool]:
        """Run a statement; return its rows, and whether the client has to follow them to a file."""
        if put := PUT.fullmatch(statement):
            return self._instruction("PUT", put["name"], put["file"]), True
        if remove := REMOVE.fullmatch(statement):
            if not (self._volume / remove["name"]).exists():
                raise FileNotFoundError(remove["name"])
            return self._instruction("REMOVE", remove["name"], None), True
        if statement == LIST:
            names = sorted(path.name for path in self._volume.iterdir())
            return _table(path=[f"{VOLUME}/{name}" for name in names], name=names), False
        (tree,) = sqlglot.parse(statement, read="databricks")
        return self._answer(tree), False

    def _answer(self, tree: exp.Expression) -> pa.Table:
        """Return the rows of a query, or the counts of a change as Databricks names them."""
        if isinstance(tree, exp.Select):
            return self.db.sql(self._translated(tree)).to_arrow_table()
        found = self.db.execute(self._translated(tree))
        if isinstance(tree, exp.Merge):
            done = [action for (action,) in found.fetchall()]
            counts = (len(done), done.count("UPDATE"), 0, done.count("INSERT"))
            return _table(**{name: [number] for name, number in zip(_COUNTS, counts, strict=True)})
        if isinstance(tree, exp.Update | exp.Delete):
            return _table(num_affected_rows=[found.fetchall()[0][0]])
        return _table()

    def _instruction(self, operation: str, name: str, file: str | None) -> pa.Table:
        url = f"{self._files}/{name}"
        return _table(
            operation=[operation], localFile=[file], presignedUrl=[url], headers=[json.dumps({"x-file": "1"})]
        )

    def _translated(self, tree: exp.Expression) -> str:
        for table in list(tree.find_all(exp.Table)):
            if table.db == "parquet":
                path = str(self._volume / Path(table.name).name)
                table.replace(sqlglot.parse_one(f"SELECT * FROM read_parquet('{path}')", read="duckdb").find(exp.Table))
        text = tree.sql("duckdb").replace("full_data_type", _TYPES)
        text = re.sub(r" ADD COLUMNS \((.*)\)$", r" ADD COLUMN \1", text)
        return f"{text} RETURNING merge_action" if isinstance(tree, exp.Merge) else text


def _table(**columns: list[Any]) -> pa.Table:
    arrays = [
        pa.array(values, pa.int64() if name.startswith("num") else pa.string()) for name, values in columns.items()
    ]
    return pa.Table.from_arrays(arrays, names=list(columns))


class Service:
    """The calls of the protocol that the connector makes."""

    def __init__(self, folder: Path) -> None:
        self.volume = folder / "volume"
        self.volume.mkdir()
        self.files = ""
        self._db = duckdb.connect(str(folder / "databricks.duckdb"))
        self._sessions: dict[bytes, Engine] = {}
        self._lock = Lock()

    def answer(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        out = TMemoryBuffer()
        with self._lock:
            TCLIService.Processor(self).process(TBinaryProtocol(TMemoryBuffer(request)), TBinaryProtocol(out))
        return out.getvalue()

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def OpenSession(self, request: Any) -> Any:
        """Open a session, whose temporary views no other one sees."""
        handle = ttypes.THandleIdentifier(guid=os.urandom(16), secret=os.urandom(16))
        self._sessions[handle.guid] = Engine(self._db.cursor(), self.volume, self.files)
        return ttypes.TOpenSessionResp(
            status=_success(),
            serverProtocolVersion=ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7,
            sessionHandle=ttypes.TSessionHandle(sessionId=handle),
            initialNamespace=request.initialNamespace,
            canUseMultipleCatalogs=True,
            configuration={},
        )

    def CloseSession(self, request: Any) -> Any:
        """Close a session."""
        self._sessions.pop(request.sessionHandle.sessionId.guid).db.close()
        return ttypes.TCloseSessionResp(status=_success())

    def ExecuteStatement(self, request: Any) -> Any:
        """Run a statement, and return all of its rows."""
        handle = ttypes.TOperationHandle(
            operationId=ttypes.THandleIdentifier(guid=os.urandom(16), secret=os.urandom(16)),
            operationType=ttypes.TOperationType.EXECUTE_STATEMENT,
            hasResultSet=True,
        )
        try:
            rows, staging = self._sessions[request.sessionHandle.sessionId.guid].run(request.statement)
        except (duckdb.Error, OSError, sqlglot.ParseError) as error:
            state, message = ttypes.TOperationState.ERROR_STATE, f"[DUCKDB_ERROR] {error}"
            status = ttypes.TGetOperationStatusResp(status=_success(), operationState=state, displayMessage=message)
            results = ttypes.TSparkDirectResults(operationStatus=status)
        else:
            results = _results(rows, staging=staging)
        return ttypes.TExecuteStatementResp(status=_success(), operationHandle=handle, directResults=results)


def _success() -> Any:
    return ttypes.TStatus(statusCode=ttypes.TStatusCode.SUCCESS_STATUS)


def _results(rows: pa.Table, *, staging: bool) -> Any:
    """Return the answer with all rows, so that the client has nothing to ask for."""
    fields = list(enumerate(rows.schema))
    columns = [ttypes.TColumnDesc(field.name, _type(field.type), position) for position, field in fields]
    batches = [
        ttypes.TSparkArrowBatch(batch=batch.serialize().to_pybytes(), rowCount=batch.num_rows)
        for batch in rows.combine_chunks().to_batches()
    ]
    metadata = ttypes.TGetResultSetMetadataResp(
        status=_success(),
        schema=ttypes.TTableSchema(columns),
        resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
        lz4Compressed=False,
        arrowSchema=rows.schema.serialize().to_pybytes(),
        isStagingOperation=staging,
    )
    data = ttypes.TRowSet(startRowOffset=0, rows=[], arrowBatches=batches)
    finished = ttypes.TOperationState.FINISHED_STATE
    return ttypes.TSparkDirectResults(
        operationStatus=ttypes.TGetOperationStatusResp(status=_success(), operationState=finished),
        resultSetMetadata=metadata,
        resultSet=ttypes.TFetchResultsResp(status=_success(), hasMoreRows=False, results=data),
        closeOperation=ttypes.TCloseOperationResp(status=_success()),
    )


def _type(kind: pa.DataType) -> Any:
    ids = ttypes.TTypeId
    names = {"bool": ids.BOOLEAN_TYPE, "int32": ids.INT_TYPE, "int64": ids.BIGINT_TYPE, "double": ids.DOUBLE_TYPE}
    names |= {"string": ids.STRING_TYPE, "timestamp[us, tz=UTC]": ids.TIMESTAMP_TYPE}
    entry = ttypes.TPrimitiveTypeEntry(type=ids.DECIMAL_TYPE if pa.types.is_decimal(kind) else names[str(kind)])
    if pa.types.is_decimal(kind):
        digits = {"precision": kind.precision, "scale": kind.scale}
        values = {name: ttypes.TTypeQualifierValue(i32Value=number) for name, number in digits.items()}
        entry.typeQualifiers = ttypes.TTypeQualifiers(values)
    return ttypes.TTypeDesc([ttypes.TTypeEntry(primitiveEntry=entry)])


@contextmanager
def databricks(folder: Path) -> Iterator[str]:
    """Run a server with an empty catalog, and yield its URL; the token is the password of all servers."""
    service = Service(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self._body()
            if self.headers.get("Authorization") != f"Bearer {PASSWORD}":
                self._send(403, headers={"x-databricks-reason-phrase": "Invalid access token."})
                return
            self._send(200, service.answer(body), {"Content-Type": "application/x-thrift"})

        def do_PUT(self) -> None:
            (service.volume / Path(self.path).name).write_bytes(self._body())
            self._send(200)

        def do_DELETE(self) -> None:
            (service.volume / Path(self.path).name).unlink()
            self._send(204)

        def do_GET(self) -> None:
            self._send(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    place = f"127.0.0.1:{server.server_port}"
    service.files = f"http://{place}/volume"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"databricks://{place}/main?protocol=http&http_path=/sql/1.0/warehouses/x&staging={VOLUME}"
    finally:
        server.shutdown()
        server.server_close()
        service.close()
