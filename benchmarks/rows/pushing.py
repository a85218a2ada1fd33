"""Pushes of profiles: from Singer messages, and from tables and files by SYNC.yml."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from inputs import points
from measuring import BIN, HERE, BenchFailed, Measured, measure, peer, python_of
from rows.model import OURS, Bench, Contender, Row, rate, times

if TYPE_CHECKING:
    from pathlib import Path

SDK, SDK_FAST, DLT, LOOP, DRT = "Singer SDK", "Singer SDK, tuned", "dlt", "requests loop", "drt"
LIMIT = "limit: urllib3, typed"
DRT_SYNC = {
    "name": "profiles",
    "model": "SELECT * FROM profiles",
    "destination": {
        "type": "rest_api",
        "method": "PUT",
        "headers": {"Authorization": "ApiKey-v1 bench-key", "Content-Type": "application/json"},
        "body_mode": "batch",
        "max_records_per_request": 1000,
        "batch_template": '{"customerProfiles": [{% for row in rows %}'
        '{"integrationId": {{ row.integration_id | tojson }}, '
        '"attributes": {"tier": {{ row.tier | tojson }}, "city": {{ row.city | tojson }}, '
        '"newsletter": {{ row.newsletter | tojson }}, "points": {{ row.points }}, '
        '"member_since": {{ row.member_since | tojson }}}}{% if not loop.last %},{% endif %}{% endfor %}]}',
    },
    "sync": {"mode": "full", "batch_size": 1000, "on_error": "fail", "rate_limit": {"requests_per_second": 100_000}},
}


@dataclass(frozen=True)
class Pushing:
    """Profiles to push, and how.

    Attributes:
        rows: number of profiles.
        source: ``singer``, ``duckdb`` or ``parquet``.
        latency_s: seconds between a request and its answer.
        in_flight: requests in flight, for programs that can have more than one.
    """

    rows: int
    source: str = "singer"
    latency_s: float = 0.0
    in_flight: int = 4

    def prepare(self, bench: Bench, folder: Path) -> Path:
        """Set the server, write the source into the folder and return its path."""
        bench.mock.set(latency_s=self.latency_s)
        suffix = "jsonl" if self.source == "singer" else self.source
        path = folder / f"profiles.{suffix}"
        subprocess.run([sys.executable, HERE / "inputs.py", self.source, path, str(self.rows)], check=True)
        return path

    def check(self, bench: Bench) -> None:
        """Check that the server has received each profile once.

        Raises:
            BenchFailed: profiles are missing, doubled or wrong.
        """
        seen = bench.mock.seen()
        found = (seen["pushed"], seen["pushed_ids"], seen["pushed_points"])
        expected = (self.rows, self.rows, points(self.rows))
        if found != expected:
            raise BenchFailed(f"pushed rows, distinct ids, sum of points: expected {expected}, found {found}")


def _settings(pushing: Pushing, bench: Bench, folder: Path) -> dict[str, object]:
    store = str(folder / "store.duckdb")
    return {"base_url": bench.mock.url, "api_key": "bench-key", "store": store, "concurrency": pushing.in_flight}


def ours(pushing: Pushing, bench: Bench, folder: Path) -> Measured:
    """Push with the target, or with ``talon-one push``."""
    source = pushing.prepare(bench, folder)
    fields = {"integrationId": "integration_id", "attributes": ["tier", "city", "newsletter", "points", "member_since"]}
    sync = {"sink": "customer_profiles", "mode": "upsert", "map": fields}
    config = folder / "config.json"
    settings = _settings(pushing, bench, folder)
    if pushing.source == "singer":
        config.write_text(json.dumps(settings | {"streams": {"profiles": sync}}), encoding="utf-8")
        found = measure([BIN / "target-talon-one", "--config", config], folder, stdin=source)
    else:
        config.write_text(json.dumps(settings), encoding="utf-8")
        url = {"url": f"duckdb:///{source}", "table": "profiles"} if pushing.source == "duckdb" else str(source)
        (folder / "sync.yml").write_text(json.dumps({"syncs": {"profiles": sync | {"source": url}}}), encoding="utf-8")
        found = measure([BIN / "talon-one", "push", folder / "sync.yml", "--config", config], folder)
    pushing.check(bench)
    return found


def _singer_sdk(pushing: Pushing, bench: Bench, folder: Path, *, fast: bool) -> Measured:
    source, config = pushing.prepare(bench, folder), folder / "config.json"
    config.write_text(json.dumps({"base_url": bench.mock.url, "validate_records": not fast}), encoding="utf-8")
    command = peer("singer-sdk", "singer_sdk_target.py", "--config", config)
    found = measure(command, folder, stdin=source, env={"FAST": "1" if fast else "0"})
    pushing.check(bench)
    return found


def _script(environment: str, script: str, pushing: Pushing, bench: Bench, folder: Path) -> Measured:
    source = pushing.prepare(bench, folder)
    found = measure(peer(environment, script, bench.mock.url, str(pushing.in_flight)), folder, stdin=source)
    pushing.check(bench)
    return found


def _drt(pushing: Pushing, bench: Bench, folder: Path) -> Measured:
    given = replace(pushing, source="duckdb")
    source = given.prepare(bench, folder)
    (folder / "syncs").mkdir()
    (folder / ".drt").mkdir()
    sync = DRT_SYNC | {"destination": DRT_SYNC["destination"] | {"url": f"{bench.mock.url}/v2/customer_profiles"}}  # type: ignore[operator]
    profile = {"bench": {"type": "duckdb", "database": str(source)}}
    for name, content in (
        ("syncs/profiles.yml", sync),
        (".drt/profiles.yml", profile),
        ("drt_project.yml", {"name": "bench", "version": "0.1", "profile": "bench"}),
    ):
        (folder / name).write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    found = measure([python_of("drt").parent / "drt", "run"], folder, env={"HOME": str(folder), "DO_NOT_TRACK": "1"})
    given.check(bench)
    return found


PROGRAMS = {
    OURS: ours,
    SDK: partial(_singer_sdk, fast=False),
    SDK_FAST: partial(_singer_sdk, fast=True),
    DLT: partial(_script, "dlt", "dlt_push.py"),
    DRT: _drt,
    LOOP: partial(_script, "loop", "requests_push.py"),
    LIMIT: partial(_script, "limit", "limit_push.py"),
}


def contenders(pushing: Pushing, names: list[str], **parts: int) -> list[Contender]:
    """Return programs that push all profiles, or as slow ones, by the first word of their names, only so many."""
    found = []
    for name in names:
        size = min(parts.get(name.lower().split()[0], pushing.rows), pushing.rows)
        found.append(Contender(name, size, partial(PROGRAMS[name], replace(pushing, rows=size))))
    return found


def rows(scale: int) -> list[Row]:
    """Return the rows, with a part of the work if ``scale`` is not 1."""
    near = Pushing(200_000 // scale)
    far = replace(near, latency_s=0.05)
    table = replace(near, source="duckdb")
    return [
        Row(
            "push",
            "Push of 200,000 profiles from Singer messages, each validated, 0 ms",
            "rows",
            contenders(near, [OURS, SDK, SDK_FAST, DLT, DRT, LOOP, LIMIT], singer=60_000, dlt=100_000),
            [rate(95_000, "rows/s"), times(3.5, DRT), times(1, LOOP)],
        ),
        Row(
            "push_50ms",
            "Push of 200,000 profiles from Singer messages at 50 ms, 4 in flight",
            "rows",
            contenders(far, [OURS, SDK_FAST, DLT, DRT, LOOP, LIMIT], singer=60_000, dlt=100_000),
            [rate(60_000, "rows/s")],
        ),
        Row(
            "push_duckdb",
            "Push of 200,000 profiles from DuckDB by SYNC.yml, 0 ms",
            "rows",
            contenders(table, [OURS, DRT]),
            [rate(150_000, "rows/s")],
        ),
        Row(
            "push_parquet",
            "Push of 200,000 profiles from Parquet by SYNC.yml, 0 ms",
            "rows",
            contenders(replace(table, source="parquet"), [OURS]),
            [rate(150_000, "rows/s")],
        ),
    ]
