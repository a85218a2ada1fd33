"""The rows of the balance streams."""

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
    """What all balances of one read have in common.

    Attributes:
        program: the loyalty program.
        owner: kind of the owners: ``card`` or ``profile``.
        as_of: instant of the balances.
        source: how the balances were read.
    """

    program: int | None
    owner: Entity
    as_of: datetime
    source: str

    def row(self, owner_id: str, subledger: str, points: Mapping[str, Any]) -> bytes:
        """Return a balance as JSON. Points that are missing are null; additional fields are kept."""
        return encode(
            {
                "programId": self.program,
                OWNER[self.owner]: owner_id,
                "subledgerId": subledger,
                "as_of": format_instant(self.as_of),
                **dict.fromkeys(POINTS),
                **points,
                "source": self.source,
            }
        )
