"""The types of the sink table: fields, actions and sinks.

A sink is a few attributes: its fields, the settings of its destination, and for each mode what an added, a changed and
a removed row become. Everything else (mapping, diff, plan, batches, docs) reads these attributes and never the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import msgspec

from talon_one_client.operations.typed_calls import multipart_csv
from target_talon_one.sinks import csv_files, payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint

Mode = Literal["mirror", "upsert", "add", "remove", "insert_only", "update_only", "empty"]
Op = Literal["add", "update", "remove"]
FieldType = Literal[
    "string",
    "integer",
    "number",
    "positive",
    "boolean",
    "date-time",
    "array",
    "texts",
    "object",
    "attributes",
    "product",
]

OPS: tuple[Op, ...] = ("remove", "add", "update")


class Listing(Protocol):
    """Reads everything that a destination holds, through the Management API."""

    def __call__(
        self, client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
    ) -> Iterator[tuple[list[str], Sequence[Mapping[str, Any]] | None]]:
        """Yield the keys and the fields of some rows; the fields are None if the key is all a row has.

        Args:
            client: needs a management key.
            target: which audience or catalog.
            check: called before each request; raises to end the work.
        """
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about requests whose rows Talon.One may have.

    Attributes:
        imports: ids of the imports whose answers have come or that were found; all their rows are acknowledged.
        since: the server's time from which on the others may have been processed.
    """

    imports: AbstractSet[int]
    since: datetime


class Arrived(NamedTuple):
    """What Talon.One has of requests whose answers are lost.

    Attributes:
        keys: of the rows that it has.
        imports: ids of the imports that these rows came with, so that they are not taken for those of other rows later;
            empty if rows are found by their keys.
    """

    keys: set[str]
    imports: AbstractSet[int] = frozenset()


class Lookup(Protocol):
    """Finds out which rows of requests whose answers are lost have arrived at Talon.One."""

    def __call__(
        self,
        client: TalonOneClient,
        target: Mapping[str, Any],
        rows: Mapping[str, bytes],
        evidence: Evidence,
        check: Callable[[], None],
        /,
    ) -> Arrived:
        """Return the rows that Talon.One has; it does not have the others.

        Args:
            client: needs a management key.
            target: which program or campaign.
            rows: fields of the rows by key.
            evidence: what is known about their requests.
            check: called before each request; raises to end the work.

        Raises:
            LookupImpossibleError: Talon.One does not tell what is needed for an answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a mapped row.

    Attributes:
        name: as Talon.One spells it.
        type: JSON type, or what ``mapping.coercion`` says of it.
        required: a row without it is refused.
        key: it is part of the key, which distinguishes rows.
        max_length: the largest number of characters of a text.
        personal: it holds the id of a profile or the identifier of a loyalty card; ``talon-one erase`` looks there.
    """

    name: str
    type: FieldType = "string"
    required: bool = False
    key: bool = False
    max_length: int | None = None
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """How one kind of change is sent.

    Attributes:
        endpoint: the operation.
        item: bytes of one row in a request of many; None: one request per row.
        common: what a request of many holds beside its rows.
        body: the body of a request for one row; None: it has none.
        path: name of each path parameter -> where its value is: ``target.x`` or a field.
        query: query parameters.
        undone_by: item that removes a changed row where ``item`` leaves something behind; the row is then sent again.
        leaves: whether something is left behind, by the fields of the row.
        deletes: the action may delete rows that the connector did not add, even if its endpoint is not destructive.
        heading: first line of the CSV file whose lines the items are; None: the items are a list of a JSON body.
        most_rows: the largest number of rows of a request, where that is not what the endpoint allows.
    """

    endpoint: Endpoint
    item: Callable[[payloads.Target, str, bytes], bytes] | None = None
    common: Callable[[payloads.Target], Mapping[str, Any]] = payloads.nothing_common
    body: Callable[[payloads.Target, payloads.Fields], Any] | None = None
    path: tuple[tuple[str, str], ...] = ()
    query: tuple[tuple[str, Any], ...] = ()
    undone_by: Callable[[payloads.Target, str, bytes], bytes] | None = None
    leaves: Callable[[payloads.Target, bytes], bool] = payloads.leaves_nothing
    deletes: bool = False
    heading: bytes | None = None
    most_rows: int | None = None

    def content(self, target: payloads.Target, items: Sequence[bytes]) -> tuple[str, bytes]:
        """Return content type and body of a request of many rows."""
        if self.heading is not None:
            return multipart_csv(csv_files.file_of(self.heading, items))
        common = msgspec.json.encode(dict(self.common(target)))
        name, after = (self.endpoint.items or "").encode(), b"," * (len(common) > len(b"{}")) + common[1:]
        return "application/json", b'{"%b":[%b]%b' % (name, b",".join(items), after)

    @property
    def destructive(self) -> bool:
        """True if the action may delete rows that the connector did not add."""
        return self.deletes or self.endpoint.destructive


@dataclass(frozen=True, slots=True)
class SinkType:
    """A kind of destination.

    Attributes:
        name: the name in settings; nothing else depends on it.
        about: one sentence for the docs.
        fields: what a row may hold; those with ``key`` in the order of the key.
        modes: for each mode, the action for added, changed and removed rows; an op that is absent is not performed.
        target: settings that say which audience, catalog or program; those with a ``?`` are optional.
        entity: the entity whose attributes the field ``attributes`` holds.
        group: field whose value the rows of one request must share; it is the first field of the key.
        ordering_key: field whose value no two requests in flight may share; the key if None.
        ordered: one request at a time, in the order of the rows.
        results: the answers are worth keeping, in the results file.
        listing: reads what the destination holds, for ``adopt`` and ``verify``; None: Talon.One has no such list.
        match: fields whose values tell which row of the listing is which, because Talon.One does not keep the key;
            empty: the listing has the keys.
        replaces: a request replaces everything that the destination holds, so that all rows are sent in one request if
            one of them differs.
        lookup: finds out which rows have arrived whose answer was lost and that must not be sent twice; None: nobody
            can.
        creates_profiles: an added row creates the profile that it names, if there is none, which a guard asks about.
        writes_profiles: so does an added row of this sink, and no guard asks about it, because that is its purpose.
        profile_field: field with the id of that profile; None: the key.
        collects_attributes: without a map, columns that no field takes become attributes.
        filter_field: field with the filters of a row; a row without any concerns the whole catalog.
        rows_may_be_missing: a 404 may be about a row of a batch, and not about the destination.
        audience_id_field: field that holds the id of the audience that a row names; it is looked up before sending.
    """

    name: str
    about: str
    fields: tuple[Field, ...]
    modes: Mapping[Mode, Mapping[Op, Action]]
    target: tuple[str, ...] = ()
    entity: str | None = None
    group: str | None = None
    ordering_key: str | None = None
    ordered: bool = False
    results: bool = False
    listing: Listing | None = None
    match: tuple[str, ...] = ()
    replaces: bool = False
    lookup: Lookup | None = None
    creates_profiles: bool = False
    writes_profiles: bool = False
    profile_field: str | None = None
    collects_attributes: bool = False
    filter_field: str | None = None
    rows_may_be_missing: bool = False
    audience_id_field: str | None = None

    @property
    def key(self) -> tuple[Field, ...]:
        """The fields of the key."""
        return tuple(field for field in self.fields if field.key)

    @property
    def key_names(self) -> tuple[str, ...]:
        """The names of the fields of the key."""
        return tuple(field.name for field in self.key)

    @property
    def key_only(self) -> bool:
        """True if a row is nothing but its key."""
        return all(field.key for field in self.fields)

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of all fields."""
        return tuple(field.name for field in self.fields)

    @property
    def one_request_per_key(self) -> bool:
        """True if rows with different keys never share an ordering key."""
        return self.ordering_key is None or (self.ordering_key,) == self.key_names

    def actions(self, mode: Mode) -> Mapping[Op, Action]:
        """Return the action of each op in a mode, including the removal of rows that their source marks as deleted."""
        own, mirrored = self.modes[mode], self.modes.get("mirror", {})
        if mode == "upsert" and "remove" in mirrored and not mirrored["remove"].destructive:
            return {**own, "remove": mirrored["remove"]}
        return own

    def batched(self, mode: Mode) -> bool:
        """Return whether a request of this mode holds many rows."""
        return next(iter(self.actions(mode).values())).item is not None

    def rows_per_request(self, mode: Mode) -> int:
        """Return the number of rows that a request of this mode may hold."""
        if not self.batched(mode):
            return 1
        return min(action.most_rows or action.endpoint.max_items or 1 for action in self.actions(mode).values())

    def compares(self, mode: Mode) -> bool:
        """Return whether the mode sends only what differs from the acknowledged rows."""
        return any(op != "remove" for op in self.modes[mode])

    def destructive(self, mode: Mode) -> bool:
        """Return whether the mode may delete rows that the connector did not add."""
        return any(action.destructive for action in self.modes[mode].values())


def key_field(name: str, *, max_length: int | None = 1000, key: bool = True, personal: bool = False) -> Field:
    """Return a required text field, which is part of the key unless ``key`` is False."""
    return Field(name, required=True, key=key, max_length=max_length, personal=personal)
