"""What a load reports: its log, its figures for XCom, and the failure of a task whose rows were rejected."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_talon_one.airflow_compat.errors import is_expected
from airflow_provider_talon_one.reporting.summaries import Work, log_work
from airflow_provider_talon_one.transfers.push_result import FIGURES
from talon_one_loading import LoadResult
from talon_one_loading.bad_rows import REJECTS_TABLE, rejected_lines
from talon_one_singer.errors import Stopped, lines_of
from talon_one_singer.reporting.amounts import counted
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.providers.common.compat.sdk import Context

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class LoadReport:
    """Reports one load.

    Attributes:
        schema: of the tables.
        allow_rejected: whether rejected rows are a success.
        loaded: the counts, which the load updates.
    """

    schema: str
    allow_rejected: bool
    loaded: LoadResult = field(default_factory=LoadResult)

    @contextmanager
    def of(self, context: Context) -> Iterator[None]:
        """Log the load that the block does, also if it fails; the XCom ``figures`` of a failed task has its figures.

        Raises:
            AirflowFailException: rows were rejected. Each try counts its own, so that a retry would hide them.
        """
        try:
            yield
        except BaseException as error:
            self._log()
            self._fail(context, error)
            raise
        self._log()
        if self._failures():
            self._fail(context, None)

    def figures(self) -> dict[str, Any]:
        """Return the counts of the load, with ``refused`` and ``rejects`` as those of a push have them."""
        refused = sum(self.loaded.rejected.values())
        table = f"{self.schema}.{REJECTS_TABLE}" if refused else None
        return {**self.loaded.as_dict(), "refused": refused, "rejects": table}

    def _failures(self) -> list[str]:
        return [] if self.allow_rejected else rejected_lines(self.loaded.rejected, self.schema)

    def _fail(self, context: Context, error: BaseException | None) -> None:
        context["ti"].xcom_push(key=FIGURES, value=self.figures())
        failures = self._failures()
        if not failures or isinstance(error, Stopped) or not (error is None or is_expected(error)):
            return
        failures[-1] += "; set allow_rejected=True if the task should succeed all the same"
        before = lines_of(error) if isinstance(error, Exception) else []
        raise AirflowFailException(redact("\n".join([*before, *failures]))) from None

    def _log(self) -> None:
        """Log a line for each of several streams, the reasons of rejected rows, and the summary.

        The engine has warned of ids that could not be read.
        """
        loaded, streams = self.loaded, self.loaded.streams
        if len(streams) > 1:
            for name, one in streams.items():
                changes = f"{one.inserted:,} added, {one.updated:,} changed"
                logger.info("%s: %s read, %s", name, counted(one.read, "row"), changes)
        for line in rejected_lines(loaded.rejected, self.schema) if self.allow_rejected else ():
            logger.warning("%s", line)
        for name, one in streams.items():
            for reason in one.reasons.lines():
                logger.warning("%s: rejected %s", name, reason)
        read = sum(one.read for one in streams.values())
        counts = {
            "rows read": read,
            "added": sum(one.inserted for one in streams.values()),
            "changed": sum(one.updated for one in streams.values()),
            "removed": sum(one.deleted for one in streams.values()),
            "ids left out": sum(loaded.left_out.values()),
            "rejected": sum(one.rejected for one in streams.values()),
        }
        log_work(Work("load", counts, read, loaded.requests, loaded.retries, loaded.seconds))
