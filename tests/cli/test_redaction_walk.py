"""The redaction walk: a canary in every place that takes a secret, an error in every command, a look at all traces.

Sources, stores, warehouses, settings, commands and options are listed by the tables of the program itself, so that a
new one is walked too.
"""

from __future__ import annotations

import json
from importlib import import_module
from urllib.parse import urlsplit

import duckdb
import pytest

from talon_one_cli.main import COMMANDS
from talon_one_emulator import Emulator
from talon_one_singer.cli.options import Options
from talon_one_singer.cli.tap_cli import run_tap
from talon_one_singer.cli.target_cli import run_target
from talon_one_warehouse.databases.urls import CLIENT_OPENERS
from talon_one_warehouse.sources.spec import DATABASES
from talon_one_warehouse.urls import _OPENERS
from tap_talon_one.settings import SETTINGS as TAP_SETTINGS
from tap_talon_one.tap import definition as tap_definition
from target_talon_one.settings import SETTINGS as TARGET_SETTINGS
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.target import definition as target_definition
from tests.source_files import FILES

CANARY = "Kanari7Zx9qq"
SECOND = "Vogel5Yw8pp"
MEMBERS = {"sink": "audience_members", "audience": {"name": "VIP"}, "mode": "mirror", "key": "id"}
NOT_URLS = ("base_url",)  # refused before anything is done; see test_settings


@pytest.fixture(scope="module")
def emu():
    """A local Talon.One."""
    with Emulator(seed="synthetic", cards=2, transactions=1, management_rate=0) as emulator:
        yield emulator


@pytest.fixture
def here(tmp_path, monkeypatch, emu, account):
    """Return a working folder, with the keys in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    account(emu)
    monkeypatch.setenv("TALON_ONE_RETRY_BUDGET_SECONDS", "1")
    return tmp_path


def urls_with(prefix, ending=""):
    """URLs of a kind, with a password, and with a secret among the parameters."""
    if prefix == "adbc://":
        return [f"adbc://postgresql?uri=postgresql://u:{CANARY}@127.0.0.1:1/x&password={SECOND}"]
    if prefix == "snowflake://":
        place = "account/x?host=127.0.0.1&port=1&protocol=http"
        return [f"{prefix}u:{CANARY}@{place}", f"{prefix}u@{place}&token={CANARY}&private_key_file_pwd={SECOND}"]
    if prefix == "databricks://":
        rest = "127.0.0.1:1/x?protocol=http&http_path=/sql&staging=/Volumes/a/b/c"
        return [f"{prefix}token:{CANARY}@{rest}", f"{prefix}{rest}&client_id=me&client_secret={CANARY}"]
    ending += "?staging=s3://bucket/x" if prefix == "redshift://" and not ending else ""
    return [
        f"{prefix}u:{CANARY}@127.0.0.1:1/x{ending}",
        f"{prefix}127.0.0.1:1/x{ending}{'&' if '?' in ending else '?'}sig={CANARY}&password={SECOND}",
    ]


@pytest.fixture
def command(in_process):
    """Run ``talon-one``, check that it prints no traceback, and return its exit code and output."""

    def run(*arguments):
        done = in_process(*arguments)
        assert "Traceback" not in done.err
        return done.code, done.out + done.err

    return run


def traces(folder, *inputs):
    """Return everything in the folder except the inputs, with stores as text."""
    found = []
    for path in folder.rglob("*"):
        if not path.is_file() or path.name in inputs:
            continue
        found.append(path.read_bytes().decode("latin-1"))
        if path.suffix == ".duckdb":
            with duckdb.connect(str(path)) as db:
                tables = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
                found += [repr(db.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables]
    return "\n".join(found)


def assert_nothing_leaks(text):
    """Check that neither canary is in a text."""
    assert CANARY not in text
    assert SECOND not in text


DATABASE_URLS = [url for scheme in DATABASES for url in urls_with(scheme + "postgresql://" * scheme.endswith("+"))]
FILE_URLS = [url for ending in FILES for scheme in ("ftp://", "s3://", "https://") for url in urls_with(scheme, ending)]


@pytest.mark.parametrize("sources", [DATABASE_URLS, FILE_URLS[::3], FILE_URLS[1::3], FILE_URLS[2::3]])
def test_no_source_tells_its_secrets(here, command, sources):
    """No secret of any kind of source appears in output, store, history, rejects or plans."""
    for url in sources:
        source = {"url": url, "table": "t"} if url.startswith(DATABASES) else url
        (here / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": {"vip": {"source": source, **MEMBERS}}}))
        for verb in ("push", "plan") if url is sources[0] else ("push",):
            code, said = command(verb, "s.yml")
            assert code != 0
            assert_nothing_leaks(said)
    assert_nothing_leaks(command("runs", "--store", "st.duckdb", "--json")[1])
    assert_nothing_leaks(traces(here, "s.yml"))


def test_secrets_of_the_environment_are_masked_however_a_driver_quotes_them(here, command, monkeypatch):
    """A secret from ``${NAME}`` is masked even if a driver or a shell quotes its characters."""
    secret = f"{CANARY}/@ '{SECOND}"
    monkeypatch.setenv("DATABASE_PASSWORD", secret)
    for url in ("ftp://u:${DATABASE_PASSWORD}@127.0.0.1:1/x.csv", "https://127.0.0.1:1/x.csv?a=${DATABASE_PASSWORD}"):
        content = {"store": "st.duckdb", "syncs": {"vip": {"source": url, **MEMBERS}}}
        (here / "s.yml").write_text(json.dumps(content))
        assert_nothing_leaks(command("push", "s.yml")[1])
    assert_nothing_leaks(command("runs", "--store", "st.duckdb", "--json")[1] + traces(here, "s.yml"))


@pytest.mark.parametrize("scheme", [*_OPENERS, *CLIENT_OPENERS, "adbc+postgresql", "adbc+nosuch", "mysql", "typo"])
def test_no_warehouse_tells_its_secrets(here, command, emu, scheme):
    """No secret of a warehouse URL appears in the output of any command that opens it."""
    for url in urls_with(f"{scheme}://"):
        # Databricks' client asks a server that is away for minutes; another server answers at once.
        to = url.replace("127.0.0.1:1/x?protocol", f"{urlsplit(emu.url).netloc}/x?protocol")
        for arguments in (("load", "--to", to), ("reconcile", "--warehouse", to), ("models", "--to", to)):
            assert_nothing_leaks(command(*arguments)[1])


@pytest.mark.parametrize(
    "url", ["postgresql://u:{}@127.0.0.1:1/x", "s3://AKIA:{}@bucket/st", "nosuch://u:{}@h/x", "s3://b/x?t={}"]
)
def test_no_store_tells_its_secrets(here, command, url):
    """No secret of a store URL appears, on the command line or in a file."""
    url = url.format(CANARY)
    (here / "v.csv").write_text("id\na\n")
    (here / "s.yml").write_text(json.dumps({"store": url, "syncs": {"vip": {"source": "v.csv", **MEMBERS}}}))
    for arguments in (("push", "s.yml"), ("verify", "s.yml"), ("runs", "--store", url)):
        code, said = command(*arguments)
        assert code != 0
        assert_nothing_leaks(said)


def _texts(table):
    return [s.name for s in table if s.name not in NOT_URLS]


def _settings(emu, name, value, **more):
    return {"base_url": emu.url, "api_key": emu.api_key, "retry_budget_seconds": 1, **more, name: value}


VALUES = (f"ftp://u:{CANARY}@127.0.0.1:1/x.csv?sig={SECOND}", [f"https://{CANARY}@127.0.0.1:1/x#{SECOND}"])


@pytest.mark.parametrize("name", _texts(TAP_SETTINGS))
def test_no_setting_of_the_tap_tells_a_secret(here, emu, capsys, name):
    """No secret appears in an error about a setting of the tap, nor in Singer messages."""
    for value in VALUES:
        (here / "c.json").write_text(json.dumps(_settings(emu, name, value, loyalty_program_ids=[1])))
        run_tap(tap_definition(), Options(config=("c.json",), test=True))
        said = capsys.readouterr()
        assert_nothing_leaks(said.out + said.err)


def test_batch_files_that_cannot_be_written_tell_no_secret(here, emu, capsys):
    """An error about batch files shows no secret of the directory's URL."""
    for url in (
        f"s3://AKIA:{CANARY}@bucket/x",
        f"nosuch://u:{CANARY}@h/x?sig={SECOND}",
        f"ftp://u:{CANARY}@127.0.0.1:1/x",
    ):
        settings = {"management_key": emu.management_key, "management_requests_per_second": 10000, "batch": "jsonl"}
        (here / "c.json").write_text(json.dumps(_settings(emu, "batch_directory", url, **settings)))
        code = run_tap(tap_definition(), Options(config=("c.json",)))
        said = capsys.readouterr()
        assert 0 != code
        assert_nothing_leaks(said.out + said.err)


@pytest.mark.parametrize("name", _texts(TARGET_SETTINGS))
def test_no_setting_of_the_target_tells_a_secret(here, emu, capsys, name):
    """No secret of a setting of the target appears in any output."""
    streams = {"vip": {"sink": "audience_members", "audience": 1, "mode": "add", "key": "id"}}
    for value in VALUES:
        (here / "c.json").write_text(
            json.dumps(_settings(emu, name, value, **({} if name == "streams" else {"streams": streams})))
        )
        given = {"config": ("c.json",), "plan": False, "test": True, "about": False, "version": False}
        run_target(target_definition(), given)
        said = capsys.readouterr()
        assert_nothing_leaks(said.out + said.err)


@pytest.mark.parametrize("names", [_texts(SYNC_SETTINGS)[start::4] for start in range(4)])
def test_no_setting_of_a_sync_file_tells_a_secret(here, command, emu, names):
    """No secret of a SYNC.yml appears in output, runs or history."""
    (here / "v.csv").write_text("id\na\n")
    for name in names:
        content = _settings(emu, name, VALUES[0], syncs={"vip": {"source": "v.csv", **MEMBERS}})
        (here / "s.yml").write_text(json.dumps(content))
        assert_nothing_leaks(command("plan", "s.yml")[1])
    assert_nothing_leaks(traces(here, "s.yml"))


BROKEN = [
    f"api_key: @{CANARY}",
    f"api_key: *{CANARY}",
    f"api_key: !{CANARY} x",
    f"api_key: '{CANARY}\nx: ]",
    f"api_key: {CANARY}: {SECOND}: x",
    f'api_key: "{CANARY}\\q"',
    f"api_key: {{{CANARY}",
    f"api_key: %{CANARY}\n\t{SECOND}",
    f"? {CANARY}\n- {SECOND}",
    f"api_key: {CANARY}\napi_key: {SECOND}",
    f"syncs: {{x: {{source: ftp://u:{CANARY}@h/x.csv, nosuch: {{url: 'ftp://u:{SECOND}@h'}}}}}}",
]


@pytest.mark.parametrize("text", BROKEN)
def test_a_sync_file_that_cannot_be_read_tells_nothing_of_what_is_in_it(here, command, text):
    """A YAML error quotes nothing of the file, because the line can be a key."""
    (here / "s.yml").write_text(f"{text}\nsyncs: {{}}\n")
    code, said = command("plan", "s.yml")
    assert 2 == code
    assert_nothing_leaks(said)


@pytest.mark.parametrize(
    "text", [f'{{"api_key": {CANARY}}}', f'{{"api_key": "{CANARY}"', f'["{CANARY}"]', f'"{CANARY}"']
)
def test_a_config_file_that_cannot_be_read_tells_nothing_of_what_is_in_it(here, command, text):
    """An error about a config file quotes nothing of its content."""
    (here / "c.json").write_text(text)
    code, said = command("check", "--config", "c.json")
    assert 2 == code
    assert_nothing_leaks(said)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_tells_a_secret(here, command, name):
    """Every option of every command quotes a wrong URL without its secrets."""
    module, _, attribute = COMMANDS[name].partition(":")
    found = getattr(import_module(module), attribute)
    url = f"ftp://u:{CANARY}@127.0.0.1:1/x?sig={SECOND}"
    options = [
        one
        for one in found.params
        if getattr(one, "opts", [""])[0].startswith("-") and not getattr(one, "is_flag", False)
    ]
    arguments = [url for one in found.params if one.param_type_name == "argument"]
    assert_nothing_leaks(command(name, *arguments, url)[1])
    assert_nothing_leaks(command(name, *arguments, *(word for one in options for word in (one.opts[0], url)))[1])
    assert_nothing_leaks(command(name, f"--nosuch={url}")[1])


def test_a_key_that_is_refused_is_masked_in_the_history(here, command, monkeypatch):
    """A message of Talon.One about a row is masked in the rejects and in the store."""
    monkeypatch.setenv("TALON_ONE_API_KEY", CANARY)
    (here / "v.csv").write_text(f"id\n{'x' * 3}\n")
    (here / "s.yml").write_text(json.dumps({"store": "st.duckdb", "syncs": {"vip": {"source": "v.csv", **MEMBERS}}}))
    assert_nothing_leaks(command("push", "s.yml")[1] + traces(here, "s.yml"))
