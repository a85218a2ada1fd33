"""The servers that the benchmark starts: the mock of ``benchmarks/mock``, the emulator, and databases."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from measuring import BIN, HERE, ROOT, BenchFailed, python_of

sys.path.append(str(ROOT))
from tests.servers import PASSWORD, bigquery, postgres, snowflake

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mock", "empty_warehouse", "emulator", "mock"]


class Mock:
    """A running mock server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def set(self, *, latency_s: float = 0.0, faults: bool = False, prepare: tuple[int, int] | None = None) -> None:
        """Set how the server answers, and forget what it has seen."""
        settings = {"latency_s": latency_s, "faults": faults, "prepare": prepare}
        request = urllib.request.Request(f"{self.url}/_mock", json.dumps(settings).encode())  # noqa: S310 - loopback
        urllib.request.urlopen(request).close()  # noqa: S310

    def seen(self) -> dict[str, Any]:
        """Return what the server has seen since the last settings."""
        with urllib.request.urlopen(f"{self.url}/_mock") as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def _started(command: list[Any], **options: Any) -> Iterator[dict[str, str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if words[:1] != ["ready"]:
                raise BenchFailed(f"{command[0]} did not start; its error is above")
            yield dict(word.split("=", 1) for word in words[1:])
        finally:
            process.terminate()


@contextmanager
def mock() -> Iterator[Mock]:
    """Run a mock server in a process of its own."""
    with _started([python_of("mock"), "-m", "mock"], cwd=HERE) as words:
        yield Mock(f"http://127.0.0.1:{words['port']}")


@contextmanager
def emulator() -> Iterator[str]:
    """Run an empty emulator in a process of its own and yield its URL."""
    with _started([BIN / "talon-one-emulator", "serve", "--seed", "empty", "--port", "0"]) as words:
        yield words["url"]


@contextmanager
def empty_warehouse(kind: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Run an empty PostgreSQL, or a stand-in of Snowflake or BigQuery.

    Yield its URL, and the environment that a program which connects to it needs.
    """
    if kind == "postgresql":
        with postgres() as server:
            yield server.create_database("bench"), {}
    elif kind == "bigquery":
        with bigquery() as url:
            environment = {"BIGQUERY_EMULATOR_HOST": url}
            _run(
                "from talon_one_warehouse.connections import bigquery;"
                "bigquery.connect('bench').create_dataset('talon_one')",
                environment,
            )
            yield "bigquery://bench/talon_one", environment
    else:
        with snowflake() as url:
            environment = {"SNOWFLAKE_PASSWORD": PASSWORD}
            server = f"host=127.0.0.1&port={urlsplit(url).port}&protocol=http"
            _run(
                "from talon_one_warehouse.connections import snowflake;"
                f"snowflake.connect('tester@account?{server}').cursor().execute('CREATE DATABASE bench')",
                environment,
            )
            yield f"snowflake://tester@account/bench/talon_one?{server}", environment


def _run(code: str, environment: dict[str, str]) -> None:
    subprocess.run([BIN / "python", "-c", code], env=os.environ | environment, check=True)
