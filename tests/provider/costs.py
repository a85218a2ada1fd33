"""Which of many similar cases `make test` runs; `make test-all` and `make test-airflows` run all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOW_WITH_EACH_AIRFLOW = (pytest.mark.slow, pytest.mark.each_airflow)


def fast(*chosen: Any, of: Iterable[Any]) -> list[Any]:
    """Return the cases as parameters, all but the chosen ones as slow tests."""
    return [one if one in chosen else pytest.param(one, marks=SLOW_WITH_EACH_AIRFLOW) for one in of]
