"""The decorator ``@task.talon_one``."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("database", "connection")


def test_a_decorated_function_gets_a_client(emu, run_dag):
    """The function receives a client of the connection."""
    assert 2 == run_dag("decorated").xcom("programs")
