"""The ids of one read that Talon.One does not know or refuses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from talon_one_client.errors import NotFoundError, RejectedError
from talon_one_singer import ConfigError
from talon_one_singer.reporting.amounts import counted

if TYPE_CHECKING:
    from tap_talon_one.streams import StreamGroup

log = logging.getLogger("tap_talon_one")

GIVE_UP_AFTER_MISSING = 20  # this many missing ids before the first known one mean wrong ids or a wrong program
SHOWN = 3  # ids that are named in the log and in errors


class MissingIds:
    """Counts the ids that cannot be read, so that they do not keep the others from being read.

    Args:
        label: names group and program in messages.
        on_missing: ``skip`` warns; ``error`` collects the ids for an error after all other ids.
        alone: False if the same ids are read for several programs, where most programs do not know most ids.
    """

    def __init__(self, group: StreamGroup, program: int | None, label: str, *, on_missing: str, alone: bool) -> None:
        self._group, self._program, self._label = group, program, label
        self._on_missing, self._alone = on_missing, alone
        self._refused: list[str] = []  # one sentence for each id that makes the read fail at its end
        self._last: RejectedError | None = None
        self.count = 0

    def add(self, text: str, error: RejectedError) -> None:
        """Count an id that cannot be read."""
        self.count += 1
        self._last = error
        problem = "is refused" if self._is_refused(error) else "is not known to Talon.One"
        if self._on_missing == "error":
            self._refused.append(f"{text!r} {problem}; {error}")
        elif self.count <= SHOWN:
            log.warning("%s: %r %s and is skipped: %s", self._label, text, problem, error)

    def give_up_if_wrong(self, first: int) -> None:
        """Give up if the first ids are not known: ids or program are probably wrong.

        Args:
            first: number of ids at the start of the list that were read, while no id at all was found.

        Raises:
            ConfigError: there are enough of them.
        """
        if self._alone and first >= GIVE_UP_AFTER_MISSING:
            raise self._all_missing()

    def end_window(self, *, found: bool) -> None:
        """Log the number of missing ids.

        Args:
            found: whether any id was found.

        Raises:
            ConfigError: no id at all is known.
        """
        if self.count and not found:
            raise self._all_missing()
        if self.count:
            log.warning(
                "%s: %s not known to Talon.One, or refused", self._label, counted(self.count, "id is", "ids are")
            )

    def raise_if_refused(self) -> None:
        """Raise the error of ``on_missing: error``.

        Raises:
            RejectedError: ids could not be read.
        """
        if not self._refused:
            return
        count = len(self._refused)
        shown = "; ".join(self._refused[:SHOWN])
        more = f"; and {count - SHOWN:,} more" if count > SHOWN else ""
        raise RejectedError(
            f"{counted(count, 'id')} could not be read, all others were: {shown}{more}. Correct or remove "
            f"{'it' if count == 1 else 'these ids'}, "
            "or set on_missing: skip"
        )

    def _is_refused(self, error: RejectedError) -> bool:
        """Return False for a 404, and for a 400 of an operation that answers so for an unknown id."""
        return not isinstance(error, NotFoundError) and (error.status != 400 or 404 in self._group.endpoint.errors)

    def _all_missing(self) -> ConfigError:
        setting = "loyalty_program_ids" if self._group.parent == "program" else "application_id"
        where = f"{setting} ({self._program}), " if self._program is not None else ""
        if not self._group.has_ids:
            return ConfigError(f"Talon.One answered 404; check {where}management_key and base_url")
        return ConfigError(
            f"Talon.One does not know any of the first {self.count} {self._group.entity} ids ({self._last}); "
            f"check {where}the ids and base_url"
        )
