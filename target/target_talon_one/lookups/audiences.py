"""Finds the id of an audience by its name, in the store or at Talon.One, and creates audiences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from talon_one_singer.settings.json_files import nearest
from target_talon_one.errors import DestinationMissingError, SyncConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from target_talon_one.store.store import Store


class _Audience(TypedDict, total=False):
    id: Required[int]
    name: str | None
    integration: str | None
    integrationId: str | None


_FIELDS = {"integration": "integration", "integration_id": "integrationId", "description": "description"}  # by setting
_decode = msgspec.json.Decoder(_Audience).decode


def id_of(created: Mapping[str, Any], name: str) -> int:
    """Return the id of an audience that was created.

    Args:
        created: what Talon.One answered.
        name: name of the audience, for the message.

    Raises:
        UnexpectedResponseError: the answer has no id.
    """
    found = created.get("id")
    if type(found) is not int:
        raise e.UnexpectedResponseError(
            f"the answer for the new audience {name!r} has no id", operation=ep.CREATE_AUDIENCE_V2.name
        )
    return found


class Audiences:
    """Finds and creates audiences.

    The store keeps the ids of created audiences, because only the Management API lists them.

    Args:
        client: makes the calls.
        store: keeps the ids.
    """

    def __init__(self, client: TalonOneClient, store: Store) -> None:
        self._client, self._store = client, store
        self._listed: list[_Audience] | None = None

    @property
    def are_listed(self) -> bool:
        """True if Talon.One is asked for the audiences, so that one that is not found does not exist."""
        return bool(self._client.config.management_key)

    def find(self, wanted: Mapping[str, Any]) -> int | None:
        """Return the id of an audience, or None if it is not known.

        Args:
            wanted: what the settings say about the audience: id, name, integration, integration_id.

        Raises:
            SyncConfigError: several audiences have the name.
        """
        if wanted.get("id") is not None:
            return int(wanted["id"])
        if self._client.config.management_key:
            return self._find_listed(wanted)
        known = self._store.values.get(self._value_name(wanted))
        return None if known is None else int(known)

    def check_exists(self, destination: str, audience: int | None) -> None:
        """Check that the audience of a destination exists; it is not known without a key that may list audiences.

        Raises:
            DestinationMissingError: it does not exist, so that a push would fail with its first request.
        """
        if audience is None or not self._client.config.management_key:
            return
        try:
            self._listed = list(self._list()) if self._listed is None else self._listed
        except e.PermissionDeniedError:
            return
        if all(one["id"] != audience for one in self._listed):
            raise DestinationMissingError(
                f"{destination}: the audience {audience} does not exist at Talon.One; check its id"
            )

    def check_creatable(self, wanted: Mapping[str, Any]) -> None:
        """Check that the settings allow to create an audience, which was not found.

        Raises:
            SyncConfigError: they do not.
        """
        if wanted.get("create") is False:
            if not self.are_listed:
                raise SyncConfigError(
                    f"whether the audience {wanted['name']!r} exists is not known without management_key, and "
                    "audience.create is false; set management_key, or give audience.id"
                )
            raise SyncConfigError(
                f"there is no audience {wanted['name']!r} and audience.create is false{self.similar(wanted)}; create "
                "the audience, correct its name, or set audience.create: true"
            )

    def similar(self, wanted: Mapping[str, Any]) -> str:
        """Return a hint at an audience that may be meant instead of one that was not found, or ""."""
        listed = self._listed or []
        same = next((one for one in listed if one.get("name") == wanted["name"]), None)
        if same is not None:
            return f"; the audience {same['id']} has this name, with the integration_id {same.get('integrationId')!r}"
        return nearest(wanted["name"], filter(None, (one.get("name") for one in listed)))

    def create(self, wanted: Mapping[str, Any]) -> int:
        """Create an audience and return its id.

        Args:
            wanted: see ``find``.

        Raises:
            SyncConfigError: the audience exists and its id cannot be found, or the settings forbid creating it.
        """
        self.check_creatable(wanted)
        body = {"name": wanted["name"]}
        for setting, field in _FIELDS.items():
            if wanted.get(setting) is not None:
                body[field] = wanted[setting]
        try:
            created = self._client.create_audience_v2(body)
        except e.AlreadyExistsError as error:
            raise SyncConfigError(
                f"the audience {wanted['name']!r} exists, but its id is not known; set audience.id, or set "
                "management_key so that it can be looked up"
            ) from error
        audience = id_of(created, wanted["name"])
        self.remember(wanted, audience)
        return audience

    def remember(self, wanted: Mapping[str, Any], audience: int | None) -> None:
        """Keep the id of an audience in the store, or remove it with None."""
        self._store.values.set(self._value_name(wanted), None if audience is None else str(audience))
        self._listed = None

    def _find_listed(self, wanted: Mapping[str, Any]) -> int | None:
        if self._listed is None:
            self._listed = list(self._list())
        fields = {"integration": "integration", "integration_id": "integrationId"}
        if wanted.get("integration_id") is None:
            fields = {"name": "name"}
        found = [
            one for one in self._listed if all(one.get(field) == wanted.get(name) for name, field in fields.items())
        ]
        if len(found) > 1:
            ids = ", ".join(str(one["id"]) for one in found)
            raise SyncConfigError(f"several audiences are called {wanted['name']!r} ({ids}); set audience.id")
        return int(found[0]["id"]) if found else None

    def _list(self) -> Iterator[_Audience]:
        for page in self._client.paginate(ep.GET_AUDIENCES, decode=_decode):
            yield from page

    def _value_name(self, wanted: Mapping[str, Any]) -> str:
        """Return the name of the store's value that holds the id of an audience."""
        base = self._client.config.base_url
        if wanted.get("integration_id") is not None:
            return f"audience {base} {wanted.get('integration')} {wanted['integration_id']}"
        return f"audience {base} {wanted['name']}"
