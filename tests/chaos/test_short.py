"""A short form of ``make chaos``: some faults of each kind, on the commands that differ most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.chaos.faults import FAULTS
from tests.chaos.trial import run_cell
from tests.chaos.world import World
from tests.examples import slow

if TYPE_CHECKING:
    from collections.abc import Iterator

_CELLS = (
    ("tap", "SIGKILL"),
    slow("tap", "SIGTERM"),
    slow("tap", "pages of 7 rows"),
    ("load duckdb", "SIGKILL"),
    slow("load duckdb", "half of the gzip stream"),
    slow("load sqlite", "no rows, but more of them"),
    slow("target", "answer lost"),
    ("push", "SIGKILL"),
    slow("push", "disk full"),
    ("push", "damaged state, store or warehouse"),
    ("push", "each request sent twice by a gateway"),
)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with World() as world:
        yield world


@pytest.mark.parametrize(("command", "fault"), _CELLS)
def test_a_command_keeps_its_promise_under_a_fault(world: World, command: str, fault: str):
    """A command ends with correct data or a named error, and the next run ends with correct data."""
    (chosen,) = (one for one in FAULTS if one.name == fault)
    outcome = run_cell(world, command, chosen, "short")
    if outcome is None:
        pytest.skip("this machine cannot inject the fault")
    assert "" == outcome.detail
