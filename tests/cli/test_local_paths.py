"""A path or URL means the same file as source, store, warehouse, ids file, plan and folder of rejects."""

import json
from pathlib import Path

import pytest

from talon_one_cli.sync.push import write_plan
from talon_one_singer.protocol.batch_writer import BatchFiles
from talon_one_singer.settings.json_files import read_json_object
from talon_one_singer.settings.local_paths import is_url, local_path, path_in_url
from talon_one_warehouse import SourceSpec, WarehouseConfigError, open_source, open_warehouse
from tap_talon_one.ids.sources import ids_in_file
from tap_talon_one.settings import SETTINGS as TAP
from target_talon_one.settings import SETTINGS as TARGET
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.store.opening import open_store, store_file

NAMES = ("plain", "two words", "a%20b", "50% off", "ümläut", "a+b", "c#d")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Return a folder that is the working directory and the home directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def spellings(place: Path, name: str):
    """Return all ways to write the path of a file in the folder."""
    file = place / name
    return [name, f"./{name}", str(file), f"~/{name}", file.as_uri(), file.as_uri().replace("file://", "file://localhost"),
            file.as_uri().replace("file://", "file:")]  # fmt: skip


def urls(scheme: str, place: Path, name: str):
    """Return all ways to write the path of a database."""
    encoded = (place / name).as_uri().rsplit("/", 1)[1]
    return [f"{scheme}:///{encoded}", f"{scheme}:///{place}/{encoded}", f"{scheme}:///~/{encoded}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_source_file_is_found_by_every_spelling(place, name):
    """A CSV source is found by its path and by every spelling of its URL."""
    (place / f"{name}.csv").write_text("id\n7\n")
    for text in spellings(place, f"{name}.csv"):
        with open_source(SourceSpec(text)) as source:
            assert [[{"id": "7"}]] == list(source.rows())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_ids_is_found_by_every_spelling(place, name):
    """A file of ids is found by every spelling of its path."""
    (place / f"{name}.csv").write_text("card_id\n7\n")
    for text in spellings(place, f"{name}.csv"):
        given = {"base_url": "https://h", "card_ids_file": text}
        settings = TAP.load([_config(given)])
        assert ["7"] == list(ids_in_file(settings["card_ids_file"], "card_id", setting="card_ids_file"))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
def test_a_database_is_one_file_as_source_and_warehouse(place, name, scheme):
    """Data that is loaded under one spelling is read under every other."""
    for number, url in enumerate(urls(scheme, place, f"{name}.db")):
        with open_warehouse(url) as warehouse:
            warehouse.query(f"CREATE TABLE main.t{number} AS SELECT {number} AS n")
        assert [place / f"{name}.db"] == [path for path in place.iterdir() if path.suffix == ".db"]
        for again in urls(scheme, place, f"{name}.db"):
            with open_source(SourceSpec(again, sql=f"SELECT n FROM t{number}")) as source:
                assert [[{"n": number}]] == list(source.rows())


@pytest.mark.parametrize("name", NAMES)
def test_a_store_is_one_file_by_every_spelling(place, name):
    """A store keeps its content when the setting is spelled differently."""
    file = f"{name}.duckdb"
    for number, text in enumerate([*spellings(place, file), *urls("duckdb", place, file)]):
        with open_store(text) as store:
            assert number == len(store.destinations.identities())
            store.destinations.number_of(f"identity {number}", "d")
    assert [place / file] == [path for path in place.iterdir() if path.suffix == ".duckdb"]


def test_a_store_at_a_file_url_may_be_a_folder(place):
    """A file URL names the same store folder with and without %20."""
    with open_store((place / "a b").as_uri()) as store:
        store.destinations.number_of("one", "d")
    with open_store(f"file://{place}/a b") as store:
        assert ["one"] == list(store.destinations.identities().values())
    assert (place / "a b" / "manifest.json").is_file()


def test_a_lake_with_an_encoded_name_is_refused(place):
    """A folder like a%20b is refused and not created, because delta-rs reads it as another folder."""
    with pytest.raises(WarehouseConfigError, match="contains a % before two hex digits, which a lake cannot"):
        open_warehouse("./a%20b")
    assert [] == list(place.iterdir())


@pytest.mark.parametrize("name", [name for name in NAMES if name != "a%20b"])
def test_a_lake_is_one_folder_by_every_spelling(place, name):
    """Every spelling of a lake names the same folder."""
    for text in [
        one for one in spellings(place, name) if one != name and not one.startswith("file:/" + str(place)[1:])
    ]:
        if text.startswith("file:") and not text.startswith("file://"):
            continue
        with open_warehouse(text):
            pass
        assert [place / name] == list(place.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_plans_and_configs_are_found_by_every_spelling(place, name):
    """Files on the command line are found by every spelling."""
    for text in spellings(place, f"{name}.json"):
        write_plan(text, {"a": 1})
        assert {"a": 1} == json.loads((place / f"{name}.json").read_text())
        assert {"a": 1} == read_json_object(text, "plan")


@pytest.mark.parametrize("name", NAMES)
def test_batch_files_are_in_the_folder_and_their_urls_name_them(place, name):
    """Batch files are written into the same folder for every spelling of batch_directory."""
    for text in spellings(place, name):
        files = BatchFiles("jsonl", text)
        url = files.write("s", {}, [b'{"a":1}'])
        assert place / name == Path(local_path(url)).parent
        assert Path(local_path(url)).is_file()


PATHS = [
    pytest.param(table, one, id=f"{table.prefix}-{one.name}")
    for table in (TAP, TARGET, SYNC_SETTINGS)
    for one in table
    if one.is_path
]
WORDS = ("file", "path", "directory", "bundle", "folder")
OTHERWISE = {"store": "open_store", "rate_limit_url": "the client"}


@pytest.mark.parametrize(("table", "setting"), PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_a_path_takes_every_spelling(place, table, setting, name):
    """Every path setting follows the same rule, and URLs of other places are not changed."""
    base = {"base_url": "https://h", **({"streams": {}} if table is TARGET else {})}
    (place / name).mkdir()
    for text in spellings(place, name):
        found = table.load([_config(base | {setting.name: text})])[setting.name]
        assert place / name == Path(found).absolute()
    assert "s3://b/a%20b" == table.load([_config(base | {setting.name: "s3://b/a%20b"})])[setting.name]


@pytest.mark.parametrize("table", [TAP, TARGET, SYNC_SETTINGS], ids=lambda one: one.prefix)
def test_every_setting_that_sounds_like_a_path_is_one(table):
    """A new setting that sounds like a path fails here until it is marked as one."""
    names = [one.name for one in table if one.type == "string" and one.name.endswith(WORDS) and not one.is_path]
    assert [] == [name for name in names if name not in OTHERWISE]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a.csv", False), ("./a:b", False), ("/a//b", False), ("s3://b/a", True), ("file:/a", True),
     ("simplecache::s3://b/a", True), ("a%20b", False), ("", False)],
)  # fmt: skip
def test_paths_and_urls_are_distinguished(text, expected):
    """A text with a scheme is a URL, any other text is a path."""
    assert expected == is_url(text)


def test_a_name_that_holds_the_percent_sign_itself_is_found(place):
    """A file with %20 in its name is found, unless a file with the decoded name exists."""
    (place / "a%20b.duckdb").touch()
    assert "a%20b.duckdb" == path_in_url("a%20b.duckdb")
    (place / "a b.duckdb").touch()
    assert "a b.duckdb" == path_in_url("a%20b.duckdb")


def test_an_unknown_user_stays():
    """``~unknown`` is not expanded, because the user has no home folder."""
    assert "~nobody-of-that-name/a" == local_path("~nobody-of-that-name/a")
    assert None is store_file("postgresql://h/d")


def _config(values):
    from talon_one_singer.settings.table import ConfigSource

    return ConfigSource("config.json", values)
