"""The estimate of a stream, as the command makes it."""

import pytest

from talon_one_client import TalonOneClient
from talon_one_client.connection.client_factory import config_from_settings
from talon_one_singer import ConfigSource
from talon_one_singer.protocol.state import State
from tap_talon_one.engine.scope import Scope
from tap_talon_one.settings import SETTINGS
from tap_talon_one.strategies.comparison import compare_strategies
from tap_talon_one.streams import STREAM_GROUPS


@pytest.fixture
def estimated(settings):
    """Estimates a stream: calls by strategy, those to list programs and the like, and the chosen strategy."""

    def run(stream, **given):
        loaded = SETTINGS.load([ConfigSource("test", settings(**given))])
        (group,) = (group for group in STREAM_GROUPS if stream in {one.name for one in group.streams})
        with TalonOneClient(config_from_settings(loaded, "tests")) as client:
            scope = Scope(loaded, client, State(None))
            found = list(compare_strategies(scope, [group], streams=frozenset({stream})))
            return {one.strategy: one.cost for one in found}, scope.calls, [o.strategy for o in found if o.chosen]

    return run
