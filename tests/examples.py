"""How much of a test `make test` runs: a part of its examples or parameters; `make test-all` runs all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

SLOW_WITH_EACH_AIRFLOW = (pytest.mark.slow, pytest.mark.each_airflow)  # `make test-airflows` runs them, too


def examples(most: int, **others: Any) -> settings:
    """Return the settings of a property test that draws at most ``most`` examples."""
    everything = settings.get_current_profile_name() == "other"
    return settings(max_examples=most if everything else max(-(-most // 4), min(most, 10)), **others)


def mostly_slow(parameters: Iterable[Any], quick: Container[Any], *, marks: Any = pytest.mark.slow) -> list[Any]:
    """Return the parameters of a test; those that are not in ``quick`` have the marks."""
    return [one if one in quick else slow(one, marks=marks) for one in parameters]


def slow(*parameter: Any, marks: Any = pytest.mark.slow) -> Any:
    """Return a parameter of a test, or several, that only `make test-all` runs."""
    given = parameter[0] if len(parameter) == 1 and isinstance(parameter[0], tuple) else parameter
    return pytest.param(*given, marks=marks)
