"""Logging: one format, one place, no secret."""

import io
import json
import logging
from urllib.parse import quote

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.reporting.logs import RedactingFormatter, Redactor, configure_logging, log_level
from talon_one_singer.settings.secret import Secret


@pytest.fixture
def root_logger():
    """The root logger, restored after the test."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    # basicConfig(force=True) would close what pytest has put there.
    root.handlers.clear()
    yield root
    root.setLevel(before[0])
    root.handlers[:] = before[1]


def _record(message, *args, exc_info=None):
    record = logging.LogRecord("x", logging.INFO, "f", 1, message, args, exc_info)
    record.created = 1_795_348_800.25
    return record


def test_a_line_has_time_level_name_and_message():
    """The time of a log line is UTC, to the second."""
    line = RedactingFormatter("tap-x", Redactor()).format(_record("hello %s", "you"))
    assert "2026-11-22T12:00:00Z INFO tap-x hello you" == line


def test_a_secret_is_masked_wherever_it_stands():
    """Secrets are masked in arguments and tracebacks, as URLs, JSON and Python spell them."""
    value = 'k"ey/with +\\signs'
    formatter = RedactingFormatter("tap-x", Redactor([Secret(value)]))
    try:
        raise RuntimeError(f"401 for {value}")
    except RuntimeError as error:
        record = _record(
            "%s %s %s %r", value, quote(value, safe=""), json.dumps(value), value, exc_info=(type(error), error, None)
        )
    text = formatter.format(record)
    assert 5 == text.count("********")
    assert "with" not in text


def test_secrets_are_found_among_settings():
    """add_from finds the secrets and keeps other values readable; longer secrets are masked first."""
    redact = Redactor()
    redact.add_from({"a": Secret("abcd"), "b": Secret("abcdefgh"), "c": "plain", "d": None})
    assert "******** ******** plain" == redact("abcdefgh abcd plain")


def test_very_short_secrets_are_left_alone():
    """Secrets of one to three letters are not masked, because every line would become unreadable."""
    assert "a banana" == Redactor(["a", ""])("a banana")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "INFO"),
        ({"LOGLEVEL": "debug"}, "DEBUG"),
        ({"LOGLEVEL": "DEBUG", "TAP_X_LOGLEVEL": "ERROR"}, "ERROR"),
        ({"TAP_X_LOGLEVEL": ""}, "INFO"),
    ],
)
def test_the_level_comes_from_the_environment(environ, expected):
    """The variable of the tap overrides LOGLEVEL, and an empty variable counts as unset."""
    assert expected == log_level(environ, "TAP_X")


def test_an_unknown_level_is_refused():
    """The message about an unknown level names the variable and the choices."""
    with pytest.raises(ConfigError, match=r"TAP_X_LOGLEVEL must be one of DEBUG, .*, not 'loud'"):
        log_level({"TAP_X_LOGLEVEL": "loud"}, "TAP_X")


def test_all_loggers_write_to_the_one_stream(root_logger):
    """Libraries log in the same format, and nothing below the level is logged."""
    stream = io.StringIO()
    configure_logging("tap-x", "WARNING", Redactor(), stream)
    logging.getLogger("urllib3").warning("slow")
    logging.getLogger("urllib3").info("chatter")
    assert [" WARNING tap-x slow"] == [line[20:] for line in stream.getvalue().splitlines()]


def test_stderr_is_looked_up_at_each_line(root_logger, monkeypatch):
    """A progress display that replaces stderr also gets the log lines."""
    configure_logging("tap-x", "INFO", Redactor())
    later = io.StringIO()
    monkeypatch.setattr("sys.stderr", later)
    logging.getLogger("x").info("hello")
    assert later.getvalue().endswith(" INFO tap-x hello\n")
