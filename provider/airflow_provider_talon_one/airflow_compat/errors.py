"""Which errors fail a task at once, because a retry cannot help; all others are left to Airflow's retries."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException

from talon_one_singer.reporting.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PERMANENT = (
    "talon_one_client.errors.ConfigurationError",
    "talon_one_client.errors.RejectedError",
    "talon_one_singer.errors.ConfigError",
    "talon_one_warehouse.errors.WarehouseConfigError",
    "talon_one_warehouse.errors.TableError",
    "talon_one_warehouse.errors.RowError",
    "target_talon_one.errors.GuardError",
    "target_talon_one.errors.PlanMovedError",
    "target_talon_one.errors.StoreUnavailableError",
)
"""Errors that occur again with the same input. Names, because Airflow's retry policies take names."""


@contextmanager
def fail_for_good() -> Iterator[None]:
    """Turn permanent errors into an AirflowFailException with one clear line.

    Transient errors (no answer, 429, 5xx, a full disk) pass unchanged, so that Airflow retries the task.
    """
    try:
        yield
    except AirflowNotFoundException as error:  # the connection does not exist
        raise AirflowFailException(redact(str(error))) from error
    except AirflowException:
        raise
    except Exception as error:
        permanent = (*permanent_errors(), ValueError, LookupError)
        if all(isinstance(cause, permanent) for cause in causes_of(error)):
            raise AirflowFailException(redact(str(error)) + getattr(error, "hint", "")) from error
        raise


@cache
def permanent_errors() -> tuple[type[Exception], ...]:
    """Return the classes named by ``PERMANENT``, imported when a task runs and not when its DAG is parsed."""
    named = [path.rpartition(".") for path in PERMANENT]
    return tuple(getattr(import_module(module), name) for module, _, name in named)


def causes_of(error: BaseException) -> Sequence[BaseException]:
    """Return the errors that a failed load or push collected from its streams or destinations, or the error itself."""
    return getattr(error, "causes", ()) or (error,)
