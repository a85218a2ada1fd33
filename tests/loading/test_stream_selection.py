"""The streams that a command or a function names."""

import pytest

from talon_one_loading.stream_selection import select_streams
from talon_one_singer import ConfigError, ConfigSource
from tap_talon_one.settings import SETTINGS


@pytest.mark.parametrize("argument", ["--streams", "streams"])
@pytest.mark.parametrize(
    ("streams", "words"), [("loyalty_program", ": there is no stream"), (" ,", " names no stream")]
)
def test_the_error_names_what_gave_the_streams(argument, streams, words):
    """A stream that does not exist is an error of the option, or of the argument of a function."""
    with pytest.raises(ConfigError, match=f"^{argument}{words}"):
        select_streams(
            SETTINGS.load([ConfigSource("test", {"base_url": "http://127.0.0.1:1", "api_key": "k"})]),
            streams,
            argument=argument,
        )
