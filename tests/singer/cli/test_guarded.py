"""How a command reports an error that leaves it no memory for the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from talon_one_singer.cli.definition import PluginDefinition
from talon_one_singer.cli.guarded import guarded
from talon_one_singer.cli.signals import StopSignal
from talon_one_singer.reporting.redaction import Redactor, activate
from talon_one_singer.settings.table import SettingsTable

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _restored_redactor() -> Iterator[None]:
    """The process has a redactor that works again after each test."""
    yield
    activate(Redactor())


def _out_of_memory(*_: object) -> str:
    raise MemoryError


def _failing_c_code(*_: object) -> str:
    raise SystemError("error return without exception set")


@pytest.mark.parametrize("redact", [_out_of_memory, _failing_c_code])
@pytest.mark.parametrize("error", [MemoryError(), ValueError("anything")], ids=repr)
def test_an_error_that_cannot_be_printed_for_lack_of_memory_is_one_line(
    error: Exception, redact: Redactor, capsys: pytest.CaptureFixture
):
    """The command prints that memory ran out, and no traceback, even when redaction of the message fails for it."""

    def work() -> None:
        raise error

    definition = PluginDefinition(
        name="tap-x", version="1", settings=SettingsTable("TAP_X", ()), expected_errors={ValueError: 2}
    )
    assert 1 == guarded(definition, redact, StopSignal(), work)
    printed = capsys.readouterr().err
    assert printed.startswith("Error: not enough memory for this process")
    assert 1 == printed.count("\n")
