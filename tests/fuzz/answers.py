"""Answers of Talon.One, read by every function that reads one.

The first line of an input names a reader, a status and the value of some headers; the rest is the body.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints as ep
from talon_one_client.connection.check import check
from talon_one_client.http.transport import Response
from talon_one_client.paging.windows import MIN_US, Window
from talon_one_singer import ConfigSource
from talon_one_singer.protocol.state import State
from tap_talon_one.engine.scope import Scope
from tap_talon_one.ids.sources import ids_for
from tap_talon_one.rows.readers import Reader
from tap_talon_one.rows.reading import Job
from tap_talon_one.settings import SETTINGS
from tap_talon_one.strategies.read_strategies import strategies_of
from tap_talon_one.strategies.selection import candidates
from tap_talon_one.streams import STREAM_GROUPS
from target_talon_one.lookups import remote
from target_talon_one.lookups.attribute_types import attribute_types
from target_talon_one.sinks.table import SINKS
from tests.fuzz.fakes import Answers, client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.strategies.read_strategies import ReadStrategy
    from target_talon_one.sinks.sink_type import Listing

    Read = Callable[[TalonOneClient], object]

TARGETS = ("application_id", "audience_id", "campaign_id", "catalog_id", "collection_id", "loyalty_program_id")
WINDOW = Window(MIN_US, 1_780_272_000_000_000)
STATUSES = (200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 409, 413, 422, 429, 500, 503)


def _call(endpoint: Endpoint, client: TalonOneClient) -> None:
    path: dict[str, str | int] = {one.name: 1 if one.type == "integer" else "a" for one in endpoint.path_params}
    client.call(endpoint, path=path, **({"decode": bytes} if endpoint.response_media == "csv" else {}))


def _pages(endpoint: Endpoint, client: TalonOneClient) -> None:
    path: dict[str, str | int] = {one.name: 1 if one.type == "integer" else "a" for one in endpoint.path_params}
    for _ in client.paginate(endpoint, path=path):
        pass


def _feed(strategy: ReadStrategy, client: TalonOneClient) -> None:
    streams = frozenset(stream.name for stream in strategy.group.streams)
    job = Job("7", 1 if strategy.group.parent else None, WINDOW)
    reading = Reader(strategy, client, streams).open(job)
    while not reading.done:
        part = reading.step()
        if part is not None:
            assert part.rows.keys() <= streams
            reading.advance()


def _settings() -> dict[str, Any]:
    given = {"api_key": "a", "management_key": "m", "base_url": "http://127.0.0.1:9", "application_id": 1}
    return SETTINGS.load([ConfigSource("fuzz", given)])


def _scope(group: Any, client: TalonOneClient) -> None:
    settings = _settings()
    scope = Scope(settings, client, State())
    for program in scope.programs(group)[:3]:
        candidates(group, scope.read_request(group, program), settings, client)


def _listed_ids(group: Any, client: TalonOneClient) -> None:
    for _ in ids_for(group, 1 if group.parent else None, _settings(), client):
        pass


def _list(listing: Listing, client: TalonOneClient) -> None:
    for _ in listing(client, dict.fromkeys(TARGETS, 1), lambda: None):
        pass


READS: dict[str, Read] = {
    **{one.name: partial(_call, one) for one in ep.ALL},
    **{f"pages {one.name}": partial(_pages, one) for one in ep.ALL if one.paged},
    **{
        f"read {group.name} {strategy.name}": partial(_feed, strategy)
        for group in STREAM_GROUPS
        for strategy in strategies_of(group, _settings())
    },
    **{f"scope {group.name}": partial(_scope, group) for group in STREAM_GROUPS},
    **{
        f"ids {group.name}": partial(_listed_ids, group)
        for group in STREAM_GROUPS
        if group.entity not in ("coupon", "catalog", "giveaway_pool")
    },
    **{f"keys {sink.name}": partial(_list, sink.listing) for sink in SINKS.values() if sink.listing},
    **{f"attributes {name}": lambda client, sink=sink: attribute_types(client, sink) for name, sink in SINKS.items()},
    "member count": lambda client: remote.member_count(client, 1),
    "check": check,
}


@contextmanager
def opened(_folder: Path) -> Iterator[Callable[[bytes], None]]:
    """Yield a target whose client receives the input as the answer to every request."""
    names = list(READS)

    def target(data: bytes) -> None:
        head, _, body = data.partition(b"\n")
        name, status, words = (*head.decode("latin-1").split("|"), "", "")[:3]
        chance = zlib.crc32(data)
        read = READS.get(name) or READS[names[chance % len(names)]]
        code = int(status) if status.isascii() and status.isdigit() and 200 <= int(status) < 600 else 0
        headers = dict.fromkeys(("Retry-After", "Date", "X-Request-Id"), words)
        answer = Response(code or STATUSES[chance % len(STATUSES)], headers, body)
        with client(Answers(lambda _method, _url: answer)) as talon_one:
            read(talon_one)

    yield target
