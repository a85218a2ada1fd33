"""Which errors fail a task at once, because a retry cannot help; all others are left to Airflow's retries."""

from __future__ import annotations

import logging
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException

from airflow_provider_talon_one.reporting.words import in_task_words
from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

logger = logging.getLogger(__name__)

PERMANENT = (
    "talon_one_client.errors.ConfigurationError",
    "talon_one_client.errors.RejectedError",
    "talon_one_singer.errors.ConfigError",
    "talon_one_warehouse.errors.WarehouseConfigError",
    "talon_one_warehouse.errors.TableError",
    "talon_one_warehouse.errors.RowError",
    "target_talon_one.errors.GuardError",
    "target_talon_one.errors.PlanMovedError",
    "target_talon_one.errors.DestinationError",
    "target_talon_one.errors.TooManyRefusedError",
    "target_talon_one.errors.StoreUnavailableError",
)
"""Errors that occur again with the same input. Names, because Airflow's retry policies take names."""

EXPECTED = (
    "talon_one_client.errors.TalonOneError",
    "talon_one_singer.errors.SingerError",
    "talon_one_warehouse.errors.WarehouseError",
)
"""Errors whose message says everything; those of other classes are bugs, and keep their traceback."""


class fail_for_good:  # noqa: N801 - a context manager that reads like a function
    """Turn permanent errors into an AirflowFailException with one clear line.

    Transient errors (no answer, 429, 5xx, a full disk) keep their class, so that Airflow retries the task. The
    messages of both name the fields of the connection, and Airflow's log shows no frame of this project: the level
    DEBUG has the traceback.

    Args:
        runs_code_of_author: the block calls a function of the DAG's author, whose errors keep their traceback.
    """

    def __init__(self, *, runs_code_of_author: bool = False) -> None:
        self._runs_code_of_author = runs_code_of_author

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, Exception):
            return
        found = _as_task_error(error, runs_code_of_author=self._runs_code_of_author)
        if found is None:
            return
        if found.error is not error:
            logger.debug("the error in full", exc_info=error)
        raise found.error.with_traceback(None) from found.cause


class _TaskError(NamedTuple):
    error: Exception
    cause: Exception | None = None


def _as_task_error(error: Exception, *, runs_code_of_author: bool) -> _TaskError | None:
    """Return the error that a task raises; None if it is raised as it is."""
    if isinstance(error, AirflowNotFoundException):  # the connection does not exist
        return _TaskError(AirflowFailException(redact(str(error))))
    if isinstance(error, AirflowException):
        if runs_code_of_author or not isinstance(error, AirflowFailException):
            return None
        _translate(error)
        return _TaskError(error)
    expected = is_expected(error)
    if all(isinstance(cause, (*permanent_errors(), ValueError, LookupError)) for cause in causes_of(error)):
        keeps_traceback = runs_code_of_author and not expected
        text = "\n".join(in_task_words(line) for line in redact(str(error)).split("\n"))
        return _TaskError(AirflowFailException(text + getattr(error, "hint", "")), error if keeps_traceback else None)
    if not expected:
        return None
    _translate(error)
    return _TaskError(error)


def _translate(error: Exception) -> None:
    """Put the words of a task into the message of an error that keeps its class."""
    message = getattr(error, "message", None)  # of the client's errors
    if isinstance(message, str):
        error.__dict__["message"] = in_task_words(message)
    error.args = tuple(in_task_words(one) if isinstance(one, str) else one for one in error.args)


@cache
def _classes(paths: tuple[str, ...]) -> tuple[type[Exception], ...]:
    named = [path.rpartition(".") for path in paths]
    return tuple(getattr(import_module(module), name) for module, _, name in named)


def permanent_errors() -> tuple[type[Exception], ...]:
    """Return the classes named by ``PERMANENT``, imported when a task runs and not when its DAG is parsed."""
    return _classes(PERMANENT)


def is_expected(error: BaseException) -> bool:
    """Return whether the message of an error says everything, so that it is no bug."""
    return isinstance(error, _classes(EXPECTED))


def causes_of(error: BaseException) -> Sequence[BaseException]:
    """Return the errors that a failed load or push collected from its streams or destinations, or the error itself."""
    return getattr(error, "causes", ()) or (error,)
