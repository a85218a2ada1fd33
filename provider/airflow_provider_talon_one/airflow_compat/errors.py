"""Errors of the connector as Airflow takes them: what will fail again as it is fails at once, the rest retries."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException

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
"""What no retry mends."""


@contextmanager
def fail_for_good() -> Iterator[None]:
    """Turn errors that no retry mends into AirflowFailException, with one clear line.

    Transient errors (no answer, 429, 5xx), a full disk and the like pass through, so that Airflow tries again.
    """
    from talon_one_singer.reporting.redaction import redact

    try:
        yield
    except AirflowNotFoundException as error:  # a connection that is not there
        raise AirflowFailException(redact(str(error))) from error
    except AirflowException:
        raise
    except Exception as error:
        kinds = (*permanent_errors(), ValueError, LookupError)
        if all(isinstance(one, kinds) for one in causes_of(error)):
            raise AirflowFailException(redact(str(error)) + getattr(error, "hint", "")) from error
        raise


@cache
def permanent_errors() -> tuple[type[Exception], ...]:
    """The classes of ``PERMANENT``; imported when something runs, not when a DAG is parsed."""
    named = [path.rpartition(".") for path in PERMANENT]
    return tuple(getattr(import_module(module), name) for module, _, name in named)


def causes_of(error: BaseException) -> Sequence[BaseException]:
    """What ended the parts of a load or push that tells of several; otherwise the error itself."""
    return getattr(error, "causes", ()) or (error,)
