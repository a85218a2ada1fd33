"""Which audience a name means: by what was remembered, by the Management API, or made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from target_talon_one.errors import SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store


class _Audience(TypedDict, total=False):
    id: Required[int]
    name: str | None
    integration: str | None
    integrationId: str | None


_decode = msgspec.json.Decoder(_Audience).decode


def id_of(made: Mapping[str, Any], name: str) -> int:
    """The id of an audience that was made.

    Raises:
        UnexpectedResponseError: the answer has none.
    """
    found = made.get("id")
    if type(found) is not int:
        raise e.UnexpectedResponseError(
            f"the answer for the new audience {name!r} has no id", operation=ep.CREATE_AUDIENCE_V2.name
        )
    return found


class Audiences:
    """Finds audiences. What was found or made is remembered in the store, since only the Management API lists them."""

    def __init__(self, client: TalonOneClient, store: Store) -> None:
        self._client, self._store = client, store
        self._listed: list[_Audience] | None = None

    def find(self, wanted: Mapping[str, Any]) -> int | None:
        """The id of an audience, None if nobody knows of it.

        Raises:
            SyncConfigError: several audiences have the name.
        """
        if wanted.get("id") is not None:
            return int(wanted["id"])
        if self._client.config.management_key:
            return self._find_listed(wanted)
        known = self._store.values.get(self._name(wanted))
        return None if known is None else int(known)

    def create(self, wanted: Mapping[str, Any]) -> int:
        """Make an audience.

        Raises:
            SyncConfigError: it is there already and its id cannot be found out, or it must not be made.
        """
        if wanted.get("create") is False:
            raise SyncConfigError(f"there is no audience {wanted['name']!r} and audience.create is false")
        body = {"name": wanted["name"]}
        for name, wire in (("integration", "integration"), ("integration_id", "integrationId"), ("description",) * 2):
            if wanted.get(name) is not None:
                body[wire] = wanted[name]
        try:
            made = self._client.create_audience_v2(body)
        except e.AlreadyExistsError as error:
            raise SyncConfigError(
                f"the audience {wanted['name']!r} exists, but its id is not known here; set audience.id, or "
                "management_key so that it can be looked up"
            ) from error
        audience = id_of(made, wanted["name"])
        self.remember(wanted, audience)
        return audience

    def remember(self, wanted: Mapping[str, Any], audience: int | None) -> None:
        """Keep, or with None forget, the id of an audience."""
        self._store.values.set(self._name(wanted), None if audience is None else str(audience))
        self._listed = None

    def _find_listed(self, wanted: Mapping[str, Any]) -> int | None:
        if self._listed is None:
            self._listed = list(self._list())
        names = {"integration": "integration", "integration_id": "integrationId"}
        if wanted.get("integration_id") is None:
            names = {"name": "name"}
        found = [one for one in self._listed if all(one.get(wire) == wanted.get(name) for name, wire in names.items())]
        if len(found) > 1:
            ids = ", ".join(str(one["id"]) for one in found)
            raise SyncConfigError(f"several audiences are called {wanted['name']!r} ({ids}); set audience.id")
        return int(found[0]["id"]) if found else None

    def _list(self) -> Iterator[_Audience]:
        for page in self._client.paginate(ep.GET_AUDIENCES, decode=_decode):
            yield from page

    def _name(self, wanted: Mapping[str, Any]) -> str:
        base = self._client.config.base_url
        if wanted.get("integration_id") is not None:
            return f"audience {base} {wanted.get('integration')} {wanted['integration_id']}"
        return f"audience {base} {wanted['name']}"
