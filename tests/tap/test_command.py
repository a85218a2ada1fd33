"""The command as people run it: selection, bad input, secrets, start-up, load."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

CARDS, BALANCES = "loyalty_card_transactions", "loyalty_card_balances"
CONFIG = {"card_ids": ["card-000001", "card-000002"], "loyalty_program_ids": [1]}
UNREADABLE = {"end": "2026-01-01T00:00:00Z", "done": 0, "chain": "z"}
API_KEY, MANAGEMENT_KEY, PASSWORD = "aPiKeY-0123456789", "mAnAgE-0123456789", "pAsSwOrD-0123456789"


def catalog_of(command):
    """The catalog that --discover prints."""
    return json.loads(command("--discover").stdout)


def test_streams_and_fields_are_selected_by_a_discovered_catalog(emu, command, settings, write):
    """Only selected streams and fields are written, and keys always."""
    catalog = catalog_of(command)
    for stream in catalog["streams"]:
        root, *fields = stream["metadata"]
        root["metadata"]["selected"] = stream["stream"] == CARDS
        for item in fields:
            item["metadata"]["selected"] = item["breadcrumb"] == ["properties", "amount"]
    config = write("config.json", settings(**CONFIG))
    run = command("--config", config, "--catalog", write("catalog.json", catalog))
    assert 0 == run.code
    assert {"id", "created", "amount"} == {name for row in run.rows() for name in row}
    (schema,) = [m["schema"] for m in run.messages if m["type"] == "SCHEMA"]
    assert {"id", "created", "amount"} == set(schema["properties"])


def test_streams_without_ids_are_not_read_by_default(emu, sync):
    """A stream without ids in the settings is not selected by default."""
    run = sync(**CONFIG, management_key=None)
    assert 0 == run.code
    assert {CARDS, BALANCES} == {m["stream"] for m in run.messages if m["type"] == "SCHEMA"}


def test_a_selected_stream_without_ids_fails_alone(emu, sync):
    """The error names the setting; the other streams are read and the state is written."""
    run = sync(CARDS, "coupon_reservations", **CONFIG)
    assert 2 == run.code
    assert 40 == len(run.rows())
    assert [CARDS] == list(run.state["bookmarks"])
    assert "coupon_reservations: there are no coupon ids to read; set coupon_ids or coupon_ids_file" in run.stderr
    assert "STATE" == run.messages[-1]["type"]


def test_a_run_with_nothing_to_read_says_what_each_stream_needs(emu, sync):
    """A run with nothing to read ends with exit code 2 and one line for each stream."""
    run = sync(management_key=None)
    assert 2 == run.code
    assert "" == run.stdout
    assert "there is no stream to read" in run.stderr
    assert "set card_ids" in run.stderr or "set loyalty_program_ids" in run.stderr
    lines = run.stderr.partition("there is no stream to read")[2].splitlines()[1:]
    assert "campaigns" not in run.stderr
    assert len(lines) < 10


def test_the_default_selection_names_what_a_missing_key_leaves_out(emu, sync):
    """One warning names the streams and the setting; with all keys, or with selected streams, there is none."""
    words = "api_key is not set, so that streams of the default selection are left out: "
    run = sync(api_key=None, loyalty_program_ids=[1], transactions_strategy="auto", balances_strategy="auto")
    (line,) = [line for line in run.stderr.splitlines() if "are left out" in line]
    assert 0 == run.code
    assert words in line
    read = {message["stream"] for message in run.messages if message["type"] == "SCHEMA"}
    for stream in ("customer_coupons", "customer_referrals", "customer_giveaways", "customer_loyalty"):
        assert stream in line
        assert stream not in read
    assert "are left out" not in sync(loyalty_program_ids=[1]).stderr
    assert "are left out" not in sync("loyalty_programs", api_key=None).stderr


BAD = {
    "api key": ({**CONFIG, "api_key": "wrong"}, 2, "HTTP 401: the Integration API key is not accepted; check api_key"),
    "management key": ({"management_key": "wrong"}, 2, "HTTP 401: the Management API key is not accepted"),
    "refused": ({**CONFIG, "base_url": "http://127.0.0.1:9"}, 1, "does not answer"),
    "no URL": ({**CONFIG, "base_url": "yourbaseurl"}, 2, "base_url must look like https://yourbaseurl.talon.one"),
    "program": ({**CONFIG, "loyalty_program_ids": [99]}, 2, "check loyalty_program_ids (99), the ids and base_url"),
    "listed program": ({"loyalty_program_ids": [99]}, 2, "Talon.One does not know loyaltyProgramId 99"),
    "no file": ({"card_ids_file": "/no/such.csv"}, 2, "card_ids_file: the file /no/such.csv does not exist"),
    "setting": ({"card_idss": []}, 2, "unknown setting 'card_idss'"),
    "near setting": ({"card_idss": []}, 2, "did you mean 'card_ids'?"),
    "ids as text": ({"card_ids": ""}, 2, "setting 'card_ids'"),
    "ids as an object": ({"card_ids": {"a": 1}}, 2, "setting 'card_ids'"),
    "budget": ({**CONFIG, "rate_limit_url": "ftp://x"}, 2, "rate_limit_url must start with sqlite:///"),
    "span": ({**CONFIG, "start_date": "2025-02-01", "end_date": "2025-01-01"}, 2, "is not after start_date 2025-02-01"),
    "future": ({**CONFIG, "start_date": "2999-01-01"}, 2, "start_date 2999-01-01T00:00:00+00:00 is in the future"),
    "bundle": ({**CONFIG, "ca_bundle": "/no/such"}, 2, "ca_bundle: there is no CA bundle at '/no/such'"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_settings_are_reported_in_a_line(emu, sync, case):
    """The message about a wrong setting says what to fix, without a traceback."""
    given, code, message = BAD[case]
    run = sync(CARDS, **given)
    assert code == run.code
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_a_server_that_is_not_talon_one_is_reported(sync, stub):
    """HTML instead of JSON, with status 200 or 404, leads to the advice to check base_url."""
    for status in (200, 404):
        url = stub(b"<html><body>Welcome</body></html>", status, "text/html")
        run = sync(CARDS, **CONFIG, base_url=url)
        assert 1 == run.code
        assert "base_url" in run.stderr
        assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("catalog", '{"streams": [{}]}', "is not a Singer catalog: $.streams[0] has no tap_stream_id"),
        ("catalog", '{"streams": [{"tap_stream_id": "loyalty_card_transaction"}]}', "did you mean"),
        ("catalog", "{", "is not JSON, line 1"),
        ("state", "[]", "must contain a JSON object"),
        ("state", '{"bookmarks": []}', "$.bookmarks must be an object"),
        ("state", {"bookmarks": {CARDS: {"programs": []}}}, f"bookmarks.{CARDS}.programs: it must be an object"),
        ("state", {"bookmarks": {CARDS: {"programs": {"1": {"bookmark": "x"}}}}}, f"bookmarks.{CARDS}.programs.1"),
        ("state", {"bookmarks": {CARDS: {"programs": {"1": {"running": {}}}}}}, f"bookmarks.{CARDS}.programs.1"),
        (
            "state",
            {"bookmarks": {CARDS: {"programs": {"1": {"running": UNREADABLE}}}}},
            f"bookmarks.{CARDS}.programs.1",
        ),
    ],
)  # fmt: skip
def test_malformed_files_are_reported_with_the_place(emu, command, settings, write, name, content, message):
    """The error about a malformed file names the position in it."""
    run = command("--config", write("config.json", settings(**CONFIG)), f"--{name}", write(f"{name}.json", content))
    assert run.code in (1, 2)
    assert message in run.stderr
    assert "Traceback" not in run.stderr


def test_a_broken_answer_is_reported_with_the_id(emu, sync):
    """JSON that stays broken fails its stream, and the other streams are read."""
    emu.fault("get_loyalty_card_transactions", "malformed", count=0)
    run = sync(CARDS, BALANCES, **CONFIG, retry_budget_seconds=0)
    owners = {row["cardIdentifier"] for row in run.rows(BALANCES)}
    assert 1 == run.code
    assert {"card-000001", "card-000002"} == owners
    assert re.search(r"'card-00000[12]': the answer is not the JSON", run.stderr)
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("body", [b"null", b"[]", b'{"data":5}', b'{"data":[5]}', b'{"data":[{"id":1}]}', b""])
@pytest.mark.parametrize("stream", [CARDS, "coupon_reservations"])
def test_json_of_another_shape_ends_the_stream_cleanly(read, stub, stream, body):
    """An answer of any shape leads to valid rows or to an expected error."""
    result = read(stream, **CONFIG, coupon_ids=["C"], base_url=stub(body), management_key=None)
    assert [] == result.raw
    assert "SomeStreamsFailed" == type(result.error).__name__


@pytest.mark.parametrize("section", ["profile", "coupons", "loyalty"])
@pytest.mark.parametrize("value", [b"5", b'"x"', b"[5]"])
def test_an_inventory_of_another_shape_ends_the_stream_cleanly(read, stub, section, value):
    """A section of the inventory that is not an object or a list of objects writes no rows."""
    streams = ("customer_profiles", "customer_coupons", "customer_loyalty")
    url = stub(b'{"%s":%s}' % (section.encode(), value))
    result = read(*streams, profile_ids=["p"], base_url=url, management_key=None)
    assert [] == result.raw
    assert "SomeStreamsFailed" == type(result.error).__name__


@pytest.mark.parametrize("body", [b'{"data":5}', b'{"data":[5]}', b"[]", b'{"data":[{"id":"x"}]}'])
def test_a_listing_of_another_shape_ends_the_stream_cleanly(read, stub, body):
    """Answers of the Management API of another shape are errors too."""
    result = read(CARDS, base_url=stub(body))
    assert [] == result.raw
    assert "SomeStreamsFailed" == type(result.error).__name__


def test_programs_of_the_other_kind_are_left_out(emu, read):
    """With a management key, each stream reads only the programs of its own kind."""
    result = read(CARDS, "loyalty_profile_transactions", loyalty_program_ids=[1, 2])
    assert result.error is None
    assert 60 == len(result.ids())
    assert 15 == len(result.ids("loyalty_profile_transactions"))


def test_a_full_disk_is_reported(emu, start_sync, settings, write):
    """A full output device ends the run with exit code 1 and one line."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "tap_talon_one", "--config", write("c.json", settings(**CONFIG))]
        run = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=20)
    assert 1 == run.returncode
    assert "cannot write the output" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_reader_that_goes_ends_the_run_quietly(emu, start_sync):
    """If the reader ends early, like `head -1`, the exit code is 141 and there is no traceback."""
    emu.reset("synthetic", cards=40, transactions=500)
    process = start_sync(CARDS)
    process.stdout.readline()
    process.stdout.close()
    stderr = process.stderr.read()
    assert 141 == process.wait(timeout=20)
    assert "Traceback" not in stderr


@pytest.mark.parametrize("concurrency", [1, 8])
def test_every_card_is_read_and_requests_keep_the_limit(emu, read, concurrency):
    """No more requests than allowed are in flight; with one of them, rows are in the order of the ids."""
    emu.reset("synthetic", cards=40, transactions=3)
    emu.clear_requests()
    emu.fault("get_loyalty_card_transactions", "latency", count=0, every=3, seconds=0.02)
    ids = [f"card-{n:06}" for n in range(40, 0, -1)]
    rows = read(CARDS, card_ids=ids, loyalty_program_ids=[1], concurrency=concurrency).rows(CARDS)
    found = list(dict.fromkeys(row["cardIdentifier"] for row in rows))
    assert sorted(ids) == sorted(found)
    assert concurrency > 1 or ids == found
    most = emu.counters()["get_loyalty_card_transactions"]["max_in_flight"]
    assert most <= concurrency
    assert concurrency == 1 or most > 1


_PEAK = """
import sys
from pathlib import Path
from tap_talon_one.__main__ import main
try:
    main()
except SystemExit as end:
    # Not getrusage: its peak starts with that of the process that forked this one.
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    sys.stderr.write(f"PEAK {lines['VmHWM'].split()[0]} {end.code}")
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_cards(running, settings, write):
    """Reading 200 and 4,000 cards needs the same memory."""
    peaks = []
    for cards in (200, 4000):
        running.reset("synthetic", cards=cards, transactions=5)
        config = write("c.json", settings(loyalty_program_ids=[1]))
        command = [sys.executable, "-c", _PEAK, "--config", config]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        peak_kib, code = run.stderr.rpartition("PEAK ")[2].split()
        assert "0" == code
        peaks.append(int(peak_kib))
    assert peaks[1] - peaks[0] < 10 * 1024
    assert peaks[1] < 120 * 1024


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"rate_limit_url": f"redis://:{PASSWORD}@127.0.0.1:9/0", "requests_per_second": 1},
        {"rate_limit_url": f"sqlite:////no/such/{PASSWORD}", "requests_per_second": 1},
        {"rate_limit_url": f"ftp://{PASSWORD}@h"},
        {"base_url": "http://127.0.0.1:9"},
        {"api_key": API_KEY + "é"},
        {"card_ids": 5},
    ],
    ids=str,
)
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_secrets_appear_nowhere(emu, command, settings, write, given, level):
    """Neither the keys nor the password of rate_limit_url are printed, whatever fails."""
    config = settings(
        **{**CONFIG, "api_key": API_KEY, "management_key": MANAGEMENT_KEY, "retry_budget_seconds": 0, **given}
    )
    run = command("--config", write("config.json", config), env={"TAP_TALON_ONE_LOGLEVEL": level})
    assert 0 != run.code
    assert [] == [s for s in (API_KEY, MANAGEMENT_KEY, PASSWORD) if s in run.stdout + run.stderr]


def test_keys_that_work_appear_nowhere_either(emu, sync, command, settings, write):
    """Neither a successful run nor --test prints the keys."""
    runs = [sync(**CONFIG), command("--config", write("c.json", settings()), "--test", env={"LOGLEVEL": "DEBUG"})]
    assert [0, 0] == [run.code for run in runs]
    text = "".join(run.stdout + run.stderr for run in runs)
    assert emu.api_key not in text
    assert emu.management_key not in text


_MODULES = """
import sys
sys.argv = ["tap-talon-one", *{}]
from tap_talon_one.__main__ import main
try:
    main()
except SystemExit:
    sys.stderr.write(" ".join(sys.modules))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["--about"],
        ["--about", "--format", "json"],
        ["--about", "--format", "markdown"],
        ["--discover"],
    ],
    ids=" ".join,
)
def test_start_up_loads_nothing_heavy(arguments):
    """--version, --about and --discover take under a second and load no HTTP, Airflow or data frames."""
    command = [sys.executable, "-c", _MODULES.format(arguments)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1)
    loaded = {name.partition(".")[0] for name in run.stderr.split()}
    assert bool(run.stdout)
    assert set() == loaded & {"airflow", "pandas", "pyarrow", "requests", "fsspec"}


def test_test_reports_which_keys_work(emu, command, settings, write):
    """--test reports each key, and ends with exit code 2 if one does not work."""
    good = command("--config", write("good.json", settings()), "--test")
    bad = command("--config", write("bad.json", settings(management_key="wrong")), "--test")
    one = command("--config", write("one.json", settings(management_key=None)), "--test")
    assert 0 == good.code
    assert 2 == bad.code
    assert 0 == one.code
    assert "Integration API key (api_key): works" in good.stderr
    assert "Management API key (management_key): works" in good.stderr
    assert "Management API key (management_key): does not work" in bad.stderr
    assert "Management API key (management_key): not set" in one.stderr
