"""File URLs with a query, a fragment or another system are refused, so that no token becomes the name of a file."""

import json
import sys

import pytest

from talon_one_client.connection.config import ClientConfig
from talon_one_client.errors import ConfigurationError
from talon_one_client.rate_limit.limiter import RateLimiter
from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.local_paths import local_path
from talon_one_singer.settings.table import ConfigSource
from talon_one_warehouse import SourceSpec, WarehouseConfigError, open_source, open_warehouse
from tap_talon_one.settings import SETTINGS as TAP
from target_talon_one.store.opening import open_store
from tests import commands

TOKEN = "planted-token-9"
PARTS = {
    "?motherduck_token=TOKEN": "has no query; remove what follows ?",
    "?": "has no query; remove what follows ?",
    "?access_mode=read_only&token=TOKEN": "has no query; remove what follows ?",
    "#TOKEN": "has no fragment; remove what follows #",
    "?a=1#TOKEN": "has no query; remove what follows ?",
}
MOTHERDUCK = ["md:", "md:db", "MD:db?motherduck_token=TOKEN", "motherduck:db", "md%3Adb?motherduck_token=TOKEN"]
ENDS = {"duckdb": "w.duckdb", "sqlite": "w.db", "file": "w.csv"}


def walk():
    """Return every kind of file URL with every part that is not allowed, and the message about it."""
    for scheme, name in ENDS.items():
        for part, words in PARTS.items():
            for path in ("{}/" + name, "{}/", "~/" + name) if scheme != "file" else ("{}/" + name, "{}/lake"):
                yield f"{scheme}:///{path}{part}", words
    for place in MOTHERDUCK:
        yield from (
            (f"{scheme}{place}", "MotherDuck (md:) is not supported") for scheme in ("duckdb:///", "sqlite:///")
        )
        if "%" not in place:
            yield place, "MotherDuck (md:) is not supported"
    yield from (
        (f"{scheme}:///postgres:password=TOKEN", "must not begin with the name of another system")
        for scheme in ("duckdb", "sqlite")
    )


CASES = [
    pytest.param(use, url.replace("TOKEN", TOKEN), words, id=f"{use}-{url}")
    for use in ("warehouse", "query", "file", "store")
    for url, words in walk()
    if use != "store" or not url.startswith("sqlite:")  # no store is in SQLite
]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Return a folder that is the working directory and the home directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("use", "url", "words"), CASES)
def test_a_part_that_no_file_has_is_refused(place, use, url, words):
    """Each use says what to do in one line, repeats nothing of the URL, and leaves no file."""
    url = url.format(place)
    opens = {
        "warehouse": lambda: open_warehouse(url),
        "query": lambda: open_source(SourceSpec(url, sql="SELECT 1")),
        "file": lambda: open_source(SourceSpec(url)),
        "store": lambda: open_store(url),
    }
    with pytest.raises((WarehouseConfigError, ConfigError)) as caught:
        opens[use]()
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert [] == list(place.iterdir())


@pytest.mark.parametrize("name", ["what?.db", "a#b.db", "half?#md:.db"])
@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
def test_a_path_that_holds_the_sign_is_given_encoded(place, scheme, name):
    """A file whose name contains ? or # is created and found by its encoded URL."""
    encoded = (place / name).as_uri().rsplit("/", 1)[1]
    open_warehouse(f"{scheme}:///{encoded}").close()
    assert place / name in list(place.iterdir())


def test_a_setting_of_a_path_says_its_name(place):
    """The message names the setting, as for any other value that cannot be used."""
    given = {"base_url": "https://h", "card_ids_file": f"file://{place}/ids.csv?token={TOKEN}"}
    with pytest.raises(ConfigError) as caught:
        TAP.load([ConfigSource("config.json", given)])
    assert "setting 'card_ids_file' in config.json cannot be used: the URL of a file has no query" in str(caught.value)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("part", ["?mode=ro", "#x"])
def test_the_file_of_a_budget_has_no_such_part(place, part):
    """A rate limit URL with such a part is refused, so that the limit is not kept in a file of another name."""
    with pytest.raises(ConfigurationError, match="has neither query nor fragment"):
        RateLimiter(ClientConfig("https://h", rate_limit_url=f"sqlite:///{place}/budget.db{part}"))
    assert [] == list(place.iterdir())


def test_paths_may_hold_the_signs():
    """A plain path is used exactly as it is written."""
    assert "./md:a?b#c" == local_path("./md:a?b#c")
    assert "a?b#c" == local_path("a?b#c")


@pytest.mark.parametrize("to", [f"duckdb:///md:db?motherduck_token={TOKEN}", f"duckdb:///w.duckdb?token={TOKEN}"])
def test_a_load_ends_with_2_and_without_the_token(place, to):
    """The command ends with exit code 2 and one line that does not show the token."""
    keys = {"api_key": "a" * 20, "management_key": "k" * 20}
    (place / "config.json").write_text(json.dumps({"base_url": "http://127.0.0.1:9", **keys}))
    command = [sys.executable, "-m", "talon_one_cli", "load", "--to", to, "--config", "config.json"]
    done = commands.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert 2 == done.returncode
    assert TOKEN not in done.stdout + done.stderr
    assert 1 == len(done.stderr.strip().splitlines())
    assert ["config.json"] == [path.name for path in place.iterdir()]
