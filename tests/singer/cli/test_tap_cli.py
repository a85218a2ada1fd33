"""The command line, through real processes of a sample tap."""

import json
import signal
import subprocess

import pytest


def test_a_run_writes_schema_records_and_state(run_tap, config):
    """A plain run exits with 0 and writes the selected stream only."""
    code, stdout, stderr = run_tap("--config", config())
    messages = [json.loads(line) for line in stdout.splitlines()]
    assert 0 == code
    assert "SCHEMA" == messages[0]["type"]
    assert {"users"} == {m["stream"] for m in messages if "stream" in m}
    assert list(range(200)) == [m["record"]["id"] for m in messages if m["type"] == "RECORD"]
    assert {"type": "STATE", "value": {"bookmarks": {"users": {"pages": 2}}}} == messages[-1]
    assert "INFO tap-sample done, rows: users 200; 0 requests" in stderr


def test_a_run_continues_from_the_state(run_tap, config, write_json):
    """Rows that the state covers are not read again."""
    state = write_json("state.json", {"bookmarks": {"users": {"pages": 1}}})
    _, stdout, _ = run_tap("--config", config(), "--state", state)
    records = [m for m in map(json.loads, stdout.splitlines()) if m["type"] == "RECORD"]
    assert 100 == len(records)
    assert 100 == records[0]["record"]["id"]


def test_version_is_name_and_version(run_tap):
    """``--version`` prints name and version in one line."""
    assert (0, "tap-sample v1.2.3\n", "") == run_tap("--version")


def test_about_as_json_has_the_settings_schema(run_tap):
    """--about --format json is JSON with the schema of the settings."""
    code, stdout, _ = run_tap("--about", "--format", "json")
    page = json.loads(stdout)
    assert 0 == code
    assert "tap-sample" == page["name"]
    assert "TAP_SAMPLE_" == page["env_var_prefix"]
    assert ["api_key"] == page["settings"]["required"]


@pytest.mark.parametrize(
    ("style", "line"),
    [
        ("text", "  pages (integer, default 2): How many pages."),
        ("markdown", "| `pages` | integer | `2` | How many pages. At least 1. | `TAP_SAMPLE_PAGES` |"),
    ],
)
def test_about_for_people_lists_the_settings(run_tap, style, line):
    """--about in text and Markdown has a line for each setting."""
    code, stdout, _ = run_tap("--about", "--format", style)
    assert 0 == code
    assert line in stdout.splitlines()


def test_discover_needs_no_config(run_tap):
    """--discover prints a catalog without settings."""
    code, stdout, _ = run_tap("--discover")
    assert 0 == code
    assert ["users", "orders"] == [s["tap_stream_id"] for s in json.loads(stdout)["streams"]]


def test_the_printed_catalog_can_be_given_back(run_tap, config, write_json):
    """An edited catalog of --discover selects another stream and deselects a field."""
    catalog = json.loads(run_tap("--discover")[1])
    catalog["streams"][1]["metadata"][0]["metadata"]["selected"] = True
    catalog["streams"][1]["metadata"][2]["metadata"]["selected"] = False
    _, stdout, _ = run_tap("--config", config(), "--catalog", write_json("catalog.json", catalog))
    schemas = {
        m["stream"]: list(m["schema"]["properties"]) for m in map(json.loads, stdout.splitlines()) if "schema" in m
    }
    assert {"users": ["id", "name"], "orders": ["id"]} == schemas


def test_test_calls_the_check(run_tap, config):
    """--test runs the check in place of the sync."""
    code, stdout, _ = run_tap("--config", config(), "--test")
    assert 0 == code
    assert 1 == len(stdout.splitlines())


def test_env_reads_the_environment_over_the_files(run_tap, config):
    """With --config=ENV, prefixed variables override the files."""
    env = {"TAP_SAMPLE_API_KEY": "k", "TAP_SAMPLE_PAGES": "3"}
    _, stdout, _ = run_tap("--config=ENV", "--config", config(pages=1), env=env)
    assert {"pages": 3} == json.loads(stdout.splitlines()[-1])["value"]["bookmarks"]["users"]


def test_env_warns_of_a_misspelt_variable(run_tap):
    """A variable that resembles a setting causes a warning; a variable of Meltano does not."""
    env = {"TAP_SAMPLE_API_KEY": "k", "TAP_SAMPLE_START_DAT": "2026-01-01", "TAP_SAMPLE__SELECT": "x"}
    _, _, stderr = run_tap("--config=ENV", env=env)
    warnings = [line.split(" ", 1)[1] for line in stderr.splitlines() if "WARNING" in line]
    assert 1 == len(warnings)
    assert warnings[0].startswith("WARNING tap-sample the environment variable TAP_SAMPLE_START_DAT sets nothing")


def test_the_environment_is_not_read_unasked(run_tap, config):
    """Without --config=ENV the variables change nothing."""
    _, stdout, _ = run_tap("--config", config(pages=1), env={"TAP_SAMPLE_PAGES": "3"})
    assert {"pages": 1} == json.loads(stdout.splitlines()[-1])["value"]["bookmarks"]["users"]


def test_later_config_files_win(run_tap, config, write_json):
    """Several --config files are merged in order."""
    second = write_json("second.json", {"pages": 1})
    _, stdout, _ = run_tap("--config", config(pages=5), "--config", second)
    assert {"pages": 1} == json.loads(stdout.splitlines()[-1])["value"]["bookmarks"]["users"]


def test_an_unknown_setting_is_reported_with_the_nearest(run_tap, write_json):
    """A misspelled setting ends with exit code 2 and one line for each problem, with a hint."""
    path = write_json("config.json", {"api_ky": "very-secret", "pages": 0})
    code, stdout, stderr = run_tap("--config", path)
    assert 2 == code
    assert "" == stdout
    assert [
        f"Error: unknown setting 'api_ky' in {path}; did you mean 'api_key'?",
        f"Error: setting 'pages' in {path} must be at least 1, not 0",
        "Error: setting 'api_key' is missing; set it in a --config file, or as TAP_SAMPLE_API_KEY with --config=ENV",
    ] == stderr.splitlines()


@pytest.mark.parametrize(
    ("option", "content", "problem"),
    [
        ("--config", '{"api_key": "k",\n "pages" 1}', "is not JSON, line 2 column 10: Expecting ':' delimiter"),
        ("--config", "[]", "must contain a JSON object, {...}, not an array"),
        ("--catalog", '{"streams": [{"stream": 7}]}', "Expected `str | null`, got `int` - at `$.streams[0].stream`"),
        ("--catalog", '{"streams": [{"stream": "user"}]}', "'user', which does not exist; did you mean 'users'?"),
        ("--properties", '{"streams": {}}', "Expected `array`, got `object` - at `$.streams`"),
        ("--state", '{"bookmarks": []}', "$.bookmarks must be an object, not an array"),
        ("--state", "{}\n{}\n", "keep the last: tail -n 1"),
    ],
)
def test_a_malformed_file_is_reported_with_the_place(run_tap, write_json, option, content, problem):
    """A malformed file ends with exit code 2 and one line that names the file and the position."""
    path = write_json("given.json", content)
    code, stdout, stderr = run_tap("--config=ENV", option, path, env={"TAP_SAMPLE_API_KEY": "k"})
    assert 2 == code
    assert "" == stdout
    assert 1 == len(stderr.splitlines())
    assert str(path) in stderr
    assert problem in stderr


def test_a_missing_file_is_reported(run_tap, tmp_path):
    """A missing file is reported in one line, without a traceback."""
    code, _, stderr = run_tap("--config", tmp_path / "none.json")
    assert 2 == code
    assert f"Error: the config file {tmp_path}/none.json does not exist; check the path\n" == stderr


def test_a_wrong_log_level_is_reported(run_tap, config):
    """LOGLEVEL accepts only the names of levels."""
    code, _, stderr = run_tap("--config", config(), env={"LOGLEVEL": "loud"})
    assert 2 == code
    assert "LOGLEVEL must be one of DEBUG, INFO" in stderr


def test_the_tap_s_own_log_level_wins(run_tap, config):
    """The variable ``<PREFIX>_LOGLEVEL`` overrides ``LOGLEVEL``."""
    _, _, stderr = run_tap("--config", config(), env={"LOGLEVEL": "DEBUG", "TAP_SAMPLE_LOGLEVEL": "error"})
    assert "" == stderr


def test_an_expected_error_is_one_line_without_the_key(run_tap, config):
    """An expected error is printed without traceback and without secrets."""
    code, _, stderr = run_tap("--config", config(behavior="expected"), env={"LOGLEVEL": "ERROR"})
    assert 1 == code
    assert "Error: 401 for the key ********\n" == stderr


def test_a_bug_shows_its_traceback_without_the_key(run_tap, config):
    """An unexpected error is printed with its traceback and the report address; secrets are masked."""
    code, _, stderr = run_tap("--config", config(behavior="bug"))
    assert 1 == code
    assert "bug in tap-sample v1.2.3. Please report it at https://example.com/issues" in stderr
    assert "RuntimeError: the server does not like ********" in stderr
    assert "k3y-of-the-tap" not in stderr


def test_a_closed_pipe_ends_quietly(tap_process, config):
    """If the reader closes the pipe early, like `head -1`, the exit code is 141 and there is no traceback."""
    tap = tap_process("--config", config(behavior="endless"), env={"LOGLEVEL": "ERROR"}, text=False)
    head = subprocess.run(["head", "-1"], stdin=tap.stdout, capture_output=True, check=True, timeout=20)
    tap.stdout.close()
    stderr = tap.stderr.read()
    assert 141 == tap.wait(20)
    assert b"" == stderr
    assert "SCHEMA" == json.loads(head.stdout)["type"]


@pytest.mark.parametrize("arguments", [["--discover"], ["--version"], ["--config=ENV"], ["--config=ENV", "--test"]])
def test_a_full_disk_is_reported_in_one_line(run_tap, arguments):
    """A full disk ends the run with exit code 1 and a message that says what to do."""
    env = {"TAP_SAMPLE_API_KEY": "k", "LOGLEVEL": "ERROR"}
    with open("/dev/full", "w") as full:  # noqa: PTH123  a device
        code, _, stderr = run_tap(*arguments, env=env, stdout=full)
    expected = (
        "Error: cannot write the output: No space left on device; "
        "free space or choose another output, then run again from the last state\n"
    )
    assert 1 == code
    assert expected == stderr


@pytest.mark.parametrize(("signum", "exit_code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_after_a_state(tap_process, config, signum, exit_code):
    """After the first SIGTERM or SIGINT the run ends with complete lines, the last of which is a STATE."""
    tap = tap_process("--config", config(behavior="endless"), text=False, bufsize=0)
    before = [tap.stdout.readline() for _ in range(10)]
    tap.send_signal(signum)
    stdout, stderr = tap.communicate(timeout=20)
    messages = [json.loads(line) for line in [*before, *stdout.splitlines()]]
    assert exit_code == tap.returncode
    assert "STATE" == messages[-1]["type"]
    assert 100 * messages[-1]["value"]["bookmarks"]["users"]["pages"] == sum(m["type"] == "RECORD" for m in messages)
    assert b"stopped, rows: users" in stderr


def test_the_second_signal_ends_at_once(tap_process, config):
    """The first signal wakes the waits of a run; the second one kills a run that does not end."""
    tap = tap_process("--config", config(behavior="stubborn"))
    assert {"waiting": True} == json.loads(tap.stdout.readline())["value"]
    tap.send_signal(signal.SIGTERM)
    assert {"stop seen": True} == json.loads(tap.stdout.readline())["value"]
    tap.send_signal(signal.SIGTERM)
    assert -signal.SIGTERM == tap.wait(20)


def test_catalog_and_properties_exclude_each_other(run_tap, config, write_json):
    """--catalog and --properties together are refused."""
    path = write_json("catalog.json", {"streams": []})
    code, _, stderr = run_tap("--config", config(), "--catalog", path, "--properties", path)
    assert 2 == code
    assert "use only --catalog" in stderr


def test_version_imports_nothing_heavy(run_tap):
    """Start-up stays fast: --version loads neither rich nor jsonschema nor msgspec."""
    _, _, stderr = run_tap("--version", env={"PYTHONPROFILEIMPORTTIME": "1"})
    imported = {line.rpartition("|")[2].strip() for line in stderr.splitlines()}
    assert "click" in imported
    assert set() == imported & {"rich", "jsonschema", "msgspec", "requests", "importlib.metadata"}
