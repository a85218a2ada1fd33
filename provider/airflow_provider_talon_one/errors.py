"""Errors of the connector as Airflow takes them: what will fail again as it is fails at once, the rest retries."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def fail_for_good() -> Iterator[None]:
    """Turn errors that no retry mends into AirflowFailException, with one clear line.

    Transient errors (no answer, 429, 5xx), a full disk and the like pass through, so that Airflow tries again.
    """
    from talon_one_client.errors import ConfigurationError, RejectedError
    from talon_one_singer.errors import ConfigError
    from talon_one_warehouse.errors import WarehouseConfigError
    from target_talon_one.errors import GuardError, PlanMovedError

    try:
        yield
    except AirflowNotFoundException as error:  # a connection that is not there
        raise AirflowFailException(str(error)) from error
    except AirflowException:
        raise
    except (ConfigurationError, RejectedError, ConfigError, WarehouseConfigError, GuardError, PlanMovedError) as error:
        raise AirflowFailException(str(error)) from error
    except (ValueError, LookupError) as error:
        raise AirflowFailException(str(error)) from error
