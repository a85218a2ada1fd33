"""401: the API keys and the Authorization headers that carry them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from talon_one_emulator.api.errors import ApiError, Problem

if TYPE_CHECKING:
    from talon_one_client.endpoints import Endpoint

KeyKind = Literal["integration", "management", "wrong", "none"]

_SCHEMES = {"ApiKey-v1": "integration", "ManagementKey-v1": "management", "Bearer": "management"}

DEFAULT_API_KEY = "demo-integration-key"
DEFAULT_MANAGEMENT_KEY = "demo-management-key"


@dataclass(frozen=True, slots=True)
class Keys:
    """The two API keys that the emulator accepts; neither is a secret."""

    integration: str = DEFAULT_API_KEY
    management: str = DEFAULT_MANAGEMENT_KEY

    def kind(self, header: str | None) -> KeyKind:
        """Return which key an Authorization header carries; ``wrong`` if its scheme and key do not match."""
        if header is None:
            return "none"
        scheme, _, key = header.partition(" ")
        api = _SCHEMES.get(scheme)
        if api == "integration" and key == self.integration:
            return "integration"
        if api == "management" and key == self.management:
            return "management"
        return "wrong"

    def check(self, endpoint: Endpoint, kind: KeyKind) -> None:
        """Raise ApiError 401 unless the key belongs to the API of the endpoint."""
        if kind != endpoint.api:
            raise ApiError(401, [Problem("Unauthorized", f"this operation needs the {endpoint.api} key")])
