"""HTTP endpoints that control a running emulator: below one prefix, without key, for loopback only."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from talon_one_emulator.api import json_text
from talon_one_emulator.control.controller import FIXTURES, Controller

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

PREFIX = "/_emulator"
# Python raises these for input of a wrong type, name or size.
_INVALID_INPUT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def build_control(controller: Controller) -> Starlette:
    """Return the application that serves the control endpoints."""
    return Starlette(routes=[*_settings(controller), *_data(controller)])


def _settings(controller: Controller) -> list[Route]:
    async def add_fault(request: Request) -> Any:
        body = await _object(request)
        return controller.add_fault(_pop_required(body, "route"), _pop_required(body, "kind"), body)

    async def set_switches(request: Request) -> Any:
        return controller.set_switches(await _object(request))

    async def set_clock(request: Request) -> Any:
        return controller.set_clock(**await _object(request))

    async def reset(request: Request) -> Any:
        return controller.reset(**await _object(request))

    return [
        _route("health", GET=_plain(controller.health)),
        _route("reset", POST=reset),
        _route("faults", GET=_plain(controller.faults), POST=add_fault, DELETE=_plain(controller.clear_faults)),
        _route("switches", GET=_plain(controller.switches), POST=set_switches),
        _route("clock", GET=_plain(controller.clock), POST=set_clock),
    ]


def _data(controller: Controller) -> list[Route]:
    async def seed(request: Request) -> Any:
        return controller.seed(await _object(request) or None)

    async def requests(request: Request) -> Any:
        return controller.requests(request.query_params.get("operation"))

    async def state(request: Request) -> Any:
        return controller.state(request.query_params.getlist("table") or None)

    async def expected_balances(request: Request) -> Any:
        query = request.query_params
        return controller.expected_balances(int(query.get("program", "1")), query.get("as_of"))

    async def add_rows(request: Request) -> Any:
        return {"ids": controller.add_transactions(await _list(request))}

    async def delete_rows(request: Request) -> Any:
        return {"deleted": controller.delete_transactions(await _list(request))}

    async def notify(request: Request) -> Any:
        return {"ids": controller.notify(await _list(request))}

    async def notify_expiring(request: Request) -> Any:
        return {"ids": controller.notify_expiring(**await _object(request))}

    async def recount(request: Request) -> Any:
        return {"changed": controller.recount(await _list(request))}

    return [
        _route("seed", POST=seed),
        _route("requests", GET=requests, DELETE=_plain(controller.clear_requests)),
        _route("counters", GET=_plain(controller.counters)),
        _route("state", GET=state),
        _route("truth", GET=expected_balances),
        _route("transactions", POST=add_rows, DELETE=delete_rows, PATCH=recount),
        _route(
            "notifications",
            GET=_plain(controller.sent_notifications),
            POST=notify,
            DELETE=_plain(controller.clear_notifications),
        ),
        _route("notifications/counts", GET=_plain(controller.notification_counts)),
        _route("notifications/expiring", POST=notify_expiring),
        *(_route(what, POST=_fixture(controller, what)) for what in FIXTURES),
    ]


def _fixture(controller: Controller, what: str) -> Callable[[Request], Any]:
    async def add(request: Request) -> Any:
        return {"ids": controller.add(what, await _list(request))}

    return add


def _plain(method: Callable[[], Any]) -> Callable[[Request], Any]:
    async def call(_: Request) -> Any:
        return method()

    return call


def _route(name: str, **methods: Callable[[Request], Any]) -> Route:
    """Return the route of one path; the function of a method returns the JSON. Invalid input is answered with 400."""

    async def serve(request: Request) -> Response:
        try:
            payload, status = await methods[request.method](request), 200
        except (*_INVALID_INPUT, sqlite3.Error) as error:
            payload, status = {"message": str(error)}, 400
        return Response(json_text.encode(payload), status, media_type="application/json")

    return Route(f"{PREFIX}/{name}", serve, methods=list(methods))


async def _object(request: Request) -> dict[str, Any]:
    body = json_text.decode(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ValueError("the body must be a JSON object")
    return body


async def _list(request: Request) -> list[Any]:
    body = json_text.decode(await request.body() or b"[]")
    if not isinstance(body, list):
        raise ValueError("the body must be a JSON array")
    return body


def _pop_required(body: dict[str, Any], name: str) -> Any:
    if name not in body:
        raise ValueError(f"{name} is required")
    return body.pop(name)
