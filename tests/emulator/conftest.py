"""Fixtures: emulators that are reset before each test, and a client that checks every answer against its schema."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
import requests
from jsonschema import Draft202012Validator

import talon_one_schemas
from talon_one_client import endpoints
from talon_one_emulator import Emulator


@dataclass(frozen=True)
class Reply:
    """An answer: status, body as JSON with exact numbers (None if it is not JSON), text and headers."""

    status: int
    json: Any
    text: str
    headers: Any

    @property
    def pointers(self) -> list[str | None]:
        """Return the JSON pointers of the listed errors."""
        return [error["source"].get("pointer") for error in self.json["errors"]]


class Api:
    """Calls operations by the name they have in the endpoint table."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.session = requests.Session()

    def __call__(
        self,
        name: str,
        *path: Any,
        body: Any = None,
        data: bytes | None = None,
        files: Any = None,
        headers: dict[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        """Send a request with the right key, and check that status and answer are documented."""
        endpoint = endpoints.BY_NAME[name]
        template = endpoint.path
        for param, value in zip(endpoint.path_params, path, strict=True):
            template = template.replace("{" + param.name + "}", quote(str(value), safe=""))
        reply = self.send(
            endpoint.method,
            template,
            data=json.dumps(body).encode() if body is not None else data,
            files=files,
            headers=self.key(endpoint.api) | (headers or {}),
            params=query,
        )
        self.check(endpoint, reply)
        return reply

    def send(self, method: str, path: str, **options: Any) -> Reply:
        """Send any request."""
        answer = self.session.request(method, self.emulator.url + path, timeout=10, **options)
        try:
            parsed = json.loads(answer.text, parse_float=Decimal)
        except ValueError:
            parsed = None
        return Reply(answer.status_code, parsed, answer.text, answer.headers)

    def key(self, api: str) -> dict[str, str]:
        """Return the Authorization header of an API."""
        if api == "integration":
            return {"Authorization": f"ApiKey-v1 {self.emulator.api_key}"}
        return {"Authorization": f"ManagementKey-v1 {self.emulator.management_key}"}

    @staticmethod
    def check(endpoint: endpoints.Endpoint, reply: Reply) -> None:
        """Check that a success has a documented status and shape, or that a failure has the documented error body."""
        if reply.status < 300:
            assert reply.status in endpoint.responses
            schema = endpoint.responses[reply.status]
            if schema is not None:
                Draft202012Validator(talon_one_schemas.record(schema)).validate(reply.json)
        elif reply.json is not None:
            Draft202012Validator(talon_one_schemas.record("ErrorResponseWithStatus")).validate(reply.json)


@pytest.fixture(scope="session")
def running():
    """One emulator for all tests that need no settings of their own."""
    with Emulator(management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def emu(running):
    """The shared emulator, reset to the demo seed in era ``current``."""
    running.reset("demo", era="current")
    return running


@pytest.fixture
def api(emu):
    """A client of the shared emulator."""
    client = Api(emu)
    yield client
    client.session.close()


@pytest.fixture
def client_of():
    """Make clients of other emulators; they are closed after the test."""
    made = []

    def make(emulator: Emulator) -> Api:
        made.append(Api(emulator))
        return made[-1]

    yield make
    for client in made:
        client.session.close()


@pytest.fixture
def seed_era(emu):
    """Switch the shared emulator to era ``seed``."""
    emu.reset("demo", era="seed")
