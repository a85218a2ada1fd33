"""The control endpoints: one prefix, no key, loopback only."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from talon_one_emulator.api import json_text as jsontext
from talon_one_emulator.control.controller import FIXTURES, Controls

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

PREFIX = "/_emulator"
# What Python raises for input of a wrong type, name or size.
_NONSENSE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def build_control(controls: Controls) -> Starlette:
    """The application behind the prefix."""
    return Starlette(routes=[*_settings(controls), *_data(controls)])


def _settings(controls: Controls) -> list[Route]:
    async def add_fault(request: Request) -> Any:
        body = await _object(request)
        return controls.add_fault(_take(body, "route"), _take(body, "kind"), body)

    async def set_switches(request: Request) -> Any:
        return controls.set_switches(await _object(request))

    async def set_clock(request: Request) -> Any:
        return controls.set_clock(**await _object(request))

    async def reset(request: Request) -> Any:
        return controls.reset(**await _object(request))

    return [
        _route("health", GET=_plain(controls.health)),
        _route("reset", POST=reset),
        _route("faults", GET=_plain(controls.faults), POST=add_fault, DELETE=_plain(controls.clear_faults)),
        _route("switches", GET=_plain(controls.switches), POST=set_switches),
        _route("clock", GET=_plain(controls.clock), POST=set_clock),
    ]


def _data(controls: Controls) -> list[Route]:
    async def seed(request: Request) -> Any:
        return controls.seed(await _object(request) or None)

    async def requests(request: Request) -> Any:
        return controls.requests(request.query_params.get("operation"))

    async def state(request: Request) -> Any:
        return controls.state(request.query_params.getlist("table") or None)

    async def truth(request: Request) -> Any:
        query = request.query_params
        return controls.truth(int(query.get("program", "1")), query.get("as_of"))

    async def add_rows(request: Request) -> Any:
        return {"ids": controls.add_transactions(await _list(request))}

    async def delete_rows(request: Request) -> Any:
        return {"deleted": controls.delete_transactions(await _list(request))}

    async def recount(request: Request) -> Any:
        return {"changed": controls.recount(await _list(request))}

    return [
        _route("seed", POST=seed),
        _route("requests", GET=requests, DELETE=_plain(controls.clear_requests)),
        _route("counters", GET=_plain(controls.counters)),
        _route("state", GET=state),
        _route("truth", GET=truth),
        _route("transactions", POST=add_rows, DELETE=delete_rows, PATCH=recount),
        *(_route(what, POST=_fixture(controls, what)) for what in FIXTURES),
    ]


def _fixture(controls: Controls, what: str) -> Callable[[Request], Any]:
    async def add(request: Request) -> Any:
        return {"ids": controls.add(what, await _list(request))}

    return add


def _plain(method: Callable[[], Any]) -> Callable[[Request], Any]:
    async def call(_: Request) -> Any:
        return method()

    return call


def _route(name: str, **methods: Callable[[Request], Any]) -> Route:
    """One path; each method's function returns what to answer as JSON. Nonsense is answered with 400."""

    async def serve(request: Request) -> Response:
        try:
            payload, status = await methods[request.method](request), 200
        except (*_NONSENSE, sqlite3.Error) as error:
            payload, status = {"message": str(error)}, 400
        return Response(jsontext.encode(payload), status, media_type="application/json")

    return Route(f"{PREFIX}/{name}", serve, methods=list(methods))


async def _object(request: Request) -> dict[str, Any]:
    body = jsontext.decode(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body is a JSON object")
    return body


async def _list(request: Request) -> list[Any]:
    body = jsontext.decode(await request.body() or b"[]")
    if not isinstance(body, list):
        raise ValueError("the body is a JSON array")
    return body


def _take(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise ValueError(f"{name} is required")
    return body.pop(name)
