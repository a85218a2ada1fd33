"""What a stream and a stream group are: a few attributes, from which everything else follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.schemas import Schema

Entity = Literal[
    "card",
    "profile",
    "session",
    "coupon",
    "audience",
    "catalog",
    "campaign",
    "achievement",
    "collection",
    "giveaway_pool",
    "account",
    "program",
    "application",
]
Parent = Literal["program", "application"]
ProgramKind = Literal["card", "profile", "any"]
ReaderName = Literal[
    "ledger",
    "feed",
    "balances",
    "inventory",
    "session",
    "reservations",
    "listing",
    "program_feed",
    "card_list",
    "csv_export",
    "export",
    "export_window",
    "figures",
    "points",
]

WITHOUT_IDS = ("account", "program", "application")
PARENT_PARAMS: Mapping[Parent, str] = {"program": "loyaltyProgramId", "application": "applicationId"}


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows that are the objects of an array in the rows of the group's first stream.

    Attributes:
        array: field of the outer row that holds the array.
        inherited: field of the outer row, by field of the nested row. ``position`` is added, the first one has 0.
    """

    array: str
    inherited: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream: rows of one kind.

    Attributes:
        name: name of the stream in the catalog and of its table in a warehouse.
        key: fields that identify a row.
        schema: builds the JSON schema of a row.
        replication_key: ``created`` for ledgers and feeds, None for snapshots.
        section: section of the customer inventory that holds the rows, for streams that are read from it.
        nested: where the rows are, if they are part of the rows of another stream.
    """

    name: str
    key: tuple[str, ...]
    schema: Callable[[], Schema]
    description: str
    replication_key: str | None = None
    section: str | None = None
    nested: Nested | None = None


@dataclass(frozen=True, slots=True)
class StreamGroup:
    """Streams that are read from the same requests: one operation for each id (of each program or Application).

    Attributes:
        name: key of the group's bookmark in the state; the name of the stream if there is only one.
        endpoint: the operation.
        entity: what the ids identify; ``account``, ``program`` and ``application`` have one unnamed entity each.
        program_kind: kind of the loyalty programs that are read; None: the group does not depend on programs.
        per_application: the group is read once for each Application.
        reader: key in the table of readers, see tap_talon_one.rows.readers.
        by_default: read if neither catalog nor command line selects streams.
        strategy_setting: setting that chooses between one call for each id and the bulk strategies.
        id_field: field of a row that has the id it was read for, if no list of the API has all ids.
        id_added: field with the id, an integer, that is added to rows which the API sends without it.
        parent_added: the same for the program or Application.
    """

    name: str
    endpoint: Endpoint
    entity: Entity
    streams: tuple[Stream, ...]
    reader: ReaderName
    program_kind: ProgramKind | None = None
    per_application: bool = False
    by_default: bool = True
    strategy_setting: str | None = None
    id_field: str | None = None
    id_added: str | None = None
    parent_added: str | None = None

    @property
    def per_program(self) -> bool:
        """True if the group is read once for each loyalty program."""
        return self.program_kind is not None

    @property
    def parent(self) -> Parent | None:
        """What the group is read once for each of: loyalty programs, Applications, or None."""
        if self.per_program:
            return "program"
        return "application" if self.per_application else None

    @property
    def has_ids(self) -> bool:
        """True if the group is read once for each of many ids."""
        return self.entity not in WITHOUT_IDS

    @property
    def id_param(self) -> str:
        """Name of the path parameter that takes the id."""
        return self.endpoint.path_params[-1].name

    @property
    def is_ledger(self) -> bool:
        """True if the rows are transactions of loyalty programs."""
        return self.reader in ("ledger", "program_feed")

    @property
    def incremental(self) -> bool:
        """True if a run reads only the rows created (or updated) since the last run."""
        return self.is_ledger or self.reader in ("feed", "export_window")

    @property
    def read_whole(self) -> bool:
        """True if a run reads all rows that there are, so that a row it does not find is gone."""
        return self.reader in ("listing", "inventory", "export", "points")

    def parent_path(self, parent: int | None) -> dict[str, str | int]:
        """Return the path parameter of the program or Application that is read; {} without one."""
        param = PARENT_PARAMS[self.parent] if self.parent else None
        given = {each.name for each in self.endpoint.path_params}
        return {} if parent is None or param not in given or param is None else {param: parent}

    def labeled(self, parent: int | None) -> str:
        """Return the name of the group with the program or Application that is read, for messages."""
        return self.name if parent is None else f"{self.name} of {self.parent} {parent}"
