"""How many examples a property test draws: all in `make test-all`; in `make test` a quarter, always the same."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def examples(most: int, **others: Any) -> settings:
    """Return the settings of a property test that draws at most ``most`` examples."""
    everything = settings.get_current_profile_name() == "other"
    return settings(max_examples=most if everything else max(-(-most // 4), min(most, 10)), **others)
