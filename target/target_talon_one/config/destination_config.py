"""The settings of a destination as typed objects: its sink, mode, mapping, and guards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from target_talon_one.mapping.mapping_options import MappingOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_talon_one.sinks.sink_type import Mode, SinkType


@dataclass(frozen=True, slots=True)
class Guards:
    """Limits that stop a run before its first call, or fail it because of refused rows.

    Attributes:
        allow_empty: a mirror may remove everything because its source has no rows.
        max_deletes: the largest number of rows that a run may remove.
        max_delete_share: the largest share of the known rows that a run may remove.
        allow_destructive: the sink may delete what cannot be restored.
        allow_whole_catalog: a catalog rule may have no filter.
        expect_environment: the run stops in another environment.
        create_profiles: what happens to rows whose profile the sink would create: guard stops the run, allow creates
            the profiles, skip leaves the rows out, reject puts them into the rejects.
        max_rejects: more refused rows than this fail the run.
        max_reject_share: a larger share of refused rows than this fails the run.
    """

    allow_empty: bool = False
    max_deletes: int | None = None
    max_delete_share: float = 0.1
    allow_destructive: bool = False
    allow_whole_catalog: bool = False
    expect_environment: str | None = None
    create_profiles: str = "guard"
    max_rejects: int | None = None
    max_reject_share: float = 0.1


@dataclass(frozen=True, slots=True)
class DestinationConfig:
    """Where the rows of a stream go, and how.

    Attributes:
        name: name of the stream.
        sink: kind of the destination.
        mode: what happens to added, changed and removed rows.
        target: which audience, catalog or program, by the names of the settings.
        mapping: how columns become fields.
        guards: limits that stop the run.
        adopt: a mirror takes over the rows that are at the destination already.
        closed_by: what shows that the source was read to its end.
        retry_rejects: rows that earlier runs left refused are sent again.
        given: the settings as they were written.
    """

    name: str
    sink: SinkType
    mode: Mode
    target: Mapping[str, Any] = field(default_factory=dict)
    mapping: MappingOptions = field(default_factory=MappingOptions)
    guards: Guards = field(default_factory=Guards)
    adopt: bool = False
    closed_by: str = "auto"
    retry_rejects: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)

    @property
    def mirror(self) -> bool:
        """True if rows that leave the source are removed from the destination."""
        return self.mode == "mirror"
