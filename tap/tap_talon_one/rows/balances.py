"""A row of a stream of balances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from talon_one_client.http.encoding import format_instant
from tap_talon_one.rows.splicing import encode
from tap_talon_one.schemas import POINTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_talon_one.streams import Entity

OWNER = {"card": "cardIdentifier", "profile": "integrationId"}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the balances of one reading have in common.

    Attributes:
        program: the loyalty program.
        owner: whose points they are, ``card`` or ``profile``.
        as_of: the instant that they describe.
        source: the strategy in which they were read.
    """

    program: int | None
    owner: Entity
    as_of: datetime
    source: str

    def row(self, who: str, subledger: str, points: Mapping[str, Any]) -> bytes:
        """A balance as JSON; points that are not given are null, what else is given passes through."""
        return encode(
            {
                "programId": self.program,
                OWNER[self.owner]: who,
                "subledgerId": subledger,
                "as_of": format_instant(self.as_of),
                **dict.fromkeys(POINTS),
                **points,
                "source": self.source,
            }
        )
