"""The extent of a read, which decides what each strategy costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from talon_one_client.paging.windows import Window


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What is to be read for one program or Application, and what earlier runs found out about it.

    Attributes:
        program: the loyalty program or Application; None: the group depends on neither.
        window: span of ``created`` to read, for ledgers.
        instants: number of instants to read balances for.
        ids: number of ids of the last run; 0: unknown.
        begun: strategy of an interrupted run that is to be resumed.
        check: a ledger check is due, which takes a strategy that leaves no owner out.
        streams: the selected streams of the group; none: any.
    """

    program: int | None
    window: Window
    instants: int = 1
    ids: int = 0
    begun: str | None = None
    check: bool = False
    streams: frozenset[str] = frozenset()
