"""The settings table: merging, checking, and what it tells others."""

import json
from datetime import UTC, date, datetime

import jsonschema
import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.secret import Secret
from talon_one_singer.settings.setting import Setting
from talon_one_singer.settings.table import ConfigSource, SettingsTable

_TABLE = SettingsTable(
    "TAP_X",
    [
        Setting("api_key", "string", "The key.", required=True, secret=True),
        Setting("base_url", "string", "Where."),
        Setting("programs", "array", "Which programs.", items="integer"),
        Setting("names", "array", "Which names.", allowed=("a", "b")),
        Setting("rate", "number", "Requests a second.", minimum=0.5, maximum=100),
        Setting("pages", "integer", "Rows | page.", default=1000, minimum=1),
        Setting("deep", "boolean", "All of it.", default=False),
        Setting("start_date", "date-time", "From when.", default="2026-01-01"),
        Setting("mode", "string", "How.", allowed=("fast", "slow"), default="fast"),
        Setting("extra", "object", "Anything.", env="X_EXTRA"),
    ],
)


def _load(environ=None, **values):
    return _TABLE.load([ConfigSource("config.json", {"api_key": "k"} | values)], environ)


def _problems(environ=None, **values):
    with pytest.raises(ConfigError) as raised:
        _load(environ, **values)
    return raised.value.lines


def test_every_setting_has_a_value():
    """Absent settings have their default, or None."""
    expected = {
        "api_key": Secret("k"),
        "base_url": None,
        "programs": None,
        "names": None,
        "rate": None,
        "pages": 1000,
        "deep": False,
        "start_date": datetime(2026, 1, 1, tzinfo=UTC),
        "mode": "fast",
        "extra": None,
    }
    assert expected == _load()


def test_later_sources_win_and_null_means_not_set():
    """Files are merged in order, and null keeps the earlier value."""
    sources = [
        ConfigSource("a", {"api_key": "k", "pages": 1, "rate": 1}),
        ConfigSource("b", {"pages": 2, "rate": None}),
    ]
    loaded = _TABLE.load(sources)
    assert 2 == loaded["pages"]
    assert 1 == loaded["rate"]


@pytest.mark.parametrize(
    ("variable", "text", "expected"),
    [
        ("TAP_X_PAGES", "7", 7),
        ("TAP_X_RATE", "2.5", 2.5),
        ("TAP_X_DEEP", "True", True),
        ("TAP_X_DEEP", "0", False),
        ("TAP_X_PROGRAMS", "[1, 2]", [1, 2]),
        ("TAP_X_PROGRAMS", "1, 2", [1, 2]),
        ("TAP_X_NAMES", "a,b,", ["a", "b"]),
        ("X_EXTRA", '{"a": [1]}', {"a": [1]}),
        ("TAP_X_PAGES", "", 1000),
        ("TAP_X_API_KEY", " new ", Secret("new")),
    ],
)
def test_the_environment_is_parsed_by_type(variable, text, expected):
    """Variables are converted to the type of the setting, and an empty variable counts as unset."""
    loaded = _load({variable: text})
    name = variable.removeprefix("TAP_").removeprefix("X_").lower()
    assert expected == loaded[name]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("pages", "7", 7),
        ("pages", " 7 ", 7),
        ("rate", "2.5", 2.5),
        *(("deep", text, True) for text in ("True", "true", "1", "yes", "on", " TRUE ")),
        *(("deep", text, False) for text in ("False", "false", "0", "no", "off", "NO")),
        ("programs", "[1, 2]", [1, 2]),
        ("programs", "(1, 2)", [1, 2]),
        ("names", "a, b", ["a", "b"]),
        ("names", "['a', 'b']", ["a", "b"]),
        ("extra", "{'a': [True, None]}", {"a": [True, None]}),
        *(("pages", text, 1000) for text in ("", " ", "None", "null")),
        *(("start_date", text, datetime(2026, 1, 1, tzinfo=UTC)) for text in ("", "None", "null")),
        *(("base_url", text, None) for text in ("", "None", "null")),
        ("start_date", date(2026, 2, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        ("start_date", datetime(2026, 2, 1, 3, tzinfo=UTC), datetime(2026, 2, 1, 3, tzinfo=UTC)),
    ],
)
def test_a_file_is_read_like_the_environment(name, text, expected):
    """A text in a file is converted like a variable, and an empty template result counts as unset."""
    assert expected == _load(**{name: text})[name]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"api_ky": "v"}, "unknown setting 'api_ky' in config.json; did you mean 'api_key'?"),
        ({"zzz": 1}, "unknown setting 'zzz' in config.json"),
        ({"api_key": 12345}, "'api_key' in config.json must be a string, not a number"),
        ({"pages": "5x"}, "'pages' in config.json must be a number, not '5x'"),
        ({"pages": "5.5"}, "'pages' in config.json must be an integer, not 5.5"),
        ({"pages": True}, "'pages' in config.json must be an integer, not true"),
        ({"pages": 1.5}, "'pages' in config.json must be an integer, not 1.5"),
        ({"pages": 0}, "'pages' in config.json must be at least 1, not 0"),
        ({"rate": 101}, "'rate' in config.json must be at most 100, not 101"),
        ({"rate": float("nan")}, "'rate' in config.json must be a number, not NaN"),
        ({"deep": "maybe"}, "'deep' in config.json must be true or false, not 'maybe'"),
        ({"deep": 1}, "'deep' in config.json must be true or false, not 1"),
        ({"mode": "fats"}, "must be one of fast, slow, not the string 'fats'; did you mean 'fast'?"),
        ({"programs": 1}, """'programs' in config.json must be an array, [...], not 1; write ["..."]"""),
        ({"programs": "one"}, "'programs' in config.json must be a number, not 'one'"),
        ({"programs": ""}, "is the text '', which selects nothing; remove the setting to read all"),
        ({"names": "None"}, "is the text 'None', which selects nothing; remove the setting to read all"),
        ({"extra": '{"a": 1, "a": 2}'}, "in config.json has the key 'a' twice in one object; keep one of them"),
        ({"programs": [1, "b"]}, "'programs' in config.json at position 1 must be an integer, not the string 'b'"),
        ({"names": ["c"]}, "'names' in config.json must be one of a, b, not the string 'c'"),
        ({"extra": []}, "'extra' in config.json must be an object, {...}, not an array"),
        ({"start_date": datetime(2026, 1, 1)}, "must have a time zone: 2026-01-01T00:00:00 has none; add Z for UTC"),  # noqa: DTZ001
        ({"base_url": date(2026, 1, 1)}, "'base_url' in config.json must be a string, not a date; put it in quotes"),
        ({"start_date": 2026}, "'start_date' in config.json must be a string like 2026-01-31T00:00:00Z, not a number"),
        (
            {"start_date": "2026-13-01"},
            "'start_date' in config.json is not a date: '2026-13-01', month must be in 1..12",
        ),
        ({"api_key": " "}, "'api_key' is missing; set it in a --config file, or as TAP_X_API_KEY with --config=ENV"),
    ],
)
def test_a_wrong_value_is_reported_with_setting_and_file(values, problem):
    """Each problem is one sentence with the setting, the source and the remedy."""
    reported = _problems(**values)
    assert 1 == len(reported)
    assert problem == reported[0][-len(problem) :]


@pytest.mark.parametrize(
    ("variable", "text", "problem"),
    [
        ("TAP_X_PAGES", "x", "the environment variable TAP_X_PAGES must be a number, not 'x'"),
        ("TAP_X_DEEP", "x", "the environment variable TAP_X_DEEP must be true or false, not 'x'"),
        ("X_EXTRA", "{", "the environment variable X_EXTRA must be JSON; at character 2: Expecting property name"),
    ],
)
def test_a_wrong_variable_is_reported_by_its_name(variable, text, problem):
    """A problem of the environment names the variable."""
    assert _problems({variable: text})[0].startswith(problem)


def test_all_problems_are_reported_together():
    """One run shows every problem of every source."""
    sources = [ConfigSource("a.json", {"pagse": 1, "rate": 0}), ConfigSource("b.json", {"deep": 1})]
    with pytest.raises(ConfigError) as raised:
        _TABLE.load(sources, {"TAP_X_PAGES": "0"})
    assert [
        "unknown setting 'pagse' in a.json; did you mean 'pages'?",
        "setting 'rate' in a.json must be at least 0.5, not 0",
        "setting 'deep' in b.json must be true or false, not 1",
        "the environment variable TAP_X_PAGES must be at least 1, not 0",
        "setting 'api_key' is missing; set it in a --config file, or as TAP_X_API_KEY",
    ] == raised.value.lines


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-02-01", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T10:00:00Z", datetime(2026, 2, 1, 10, tzinfo=UTC)),
        ("2026-02-01t10:00:00.5z", datetime(2026, 2, 1, 10, 0, 0, 500000, tzinfo=UTC)),
        ("2026-02-01T10:00:00+02:00", datetime(2026, 2, 1, 8, tzinfo=UTC)),
    ],
)
def test_dates_are_rfc_3339(text, expected):
    """A date-time becomes a datetime with zone, and a date becomes its midnight in UTC."""
    assert expected == _load(start_date=text)["start_date"]


@pytest.mark.parametrize(
    "text", ["20260201", "2026-W05", "2026-02-01T10:00:00", "2026-02-30", "yesterday", "\uff12026-02-01"]
)
def test_other_dates_are_refused(text):
    """A time without zone, a date that does not exist and other notations are refused."""
    assert 1 == len(_problems(start_date=text))


def test_no_error_holds_a_secret():
    """No error message contains the secret, whatever is wrong with it."""
    for values in ({"api_key": ["s3cr3t"]}, {"api_key": {"a": "s3cr3t"}}, {"api_key": "s3cr3t", "pages": 0}):
        assert "s3cr3t" not in str(_problems(**values))


def test_a_secret_must_be_a_string():
    """Defining a secret setting of another type raises an error."""
    with pytest.raises(ValueError, match="the secret setting key must be a string"):
        Setting("key", "array", "Keys.", secret=True)


def test_the_json_schema_accepts_what_load_accepts():
    """The schema of --about is valid, and accepts exactly the values that load accepts."""
    schema = _TABLE.json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    good = {"api_key": "k", "programs": [1], "names": ["a"], "rate": 1, "pages": 1, "mode": "slow", "extra": {}}
    bad = [{"pages": 0}, {"mode": "x"}, {"names": ["c"]}, {"programs": ["x"]}, {"unknown": 1}, {"rate": 101}]
    assert [] == list(validator.iter_errors(good))
    assert bad == [values for values in bad if not validator.is_valid({"api_key": "k"} | values)]
    assert "k" == _load(**good)["api_key"].reveal()


def test_the_json_schema_marks_secrets_and_dates():
    """The schema marks which settings are secret and which are dates."""
    properties = _TABLE.json_schema()["properties"]
    assert {"type": "string", "description": "The key.", "secret": True, "writeOnly": True} == properties["api_key"]
    assert "date-time" == properties["start_date"]["format"]


def test_meltano_gets_kinds_labels_and_options():
    """The settings of the Meltano plugin are derived from the table."""
    by_name = {setting["name"]: setting for setting in _TABLE.meltano_settings()}
    assert {
        "name": "api_key", "kind": "string", "label": "Api key", "description": "The key.", "sensitive": True,
    } == by_name["api_key"]  # fmt: skip
    kinds = ["array", None, "integer", "boolean", "date_iso8601", "options", "object"]
    names = ["programs", "rate", "pages", "deep", "start_date", "mode", "extra"]
    assert kinds == [by_name[name].get("kind") for name in names]
    assert [{"label": "fast", "value": "fast"}, {"label": "slow", "value": "slow"}] == by_name["mode"]["options"]


def test_the_markdown_table_has_a_row_for_each_setting():
    """The table has type, default, bounds and variable of each setting, and escapes vertical bars."""
    lines = _TABLE.markdown_table().splitlines()
    assert 2 + len(_TABLE.settings) == len(lines)
    assert "| `api_key` | string, secret | **required** | The key. | `TAP_X_API_KEY` |" in lines
    assert "| `pages` | integer | `1000` | Rows \\| page. At least 1. | `TAP_X_PAGES` |" in lines
    assert "| `rate` | number |  | Requests a second. At least 0.5. At most 100. | `TAP_X_RATE` |" in lines


def test_a_secret_does_not_print_or_encode():
    """Every way of printing a secret shows asterisks; joining and encoding raise an error."""
    secret = Secret("s3cr3t")
    printed = [str(secret), repr(secret), f"{secret}", f"{secret:>10}", "%s" % secret, str({"a": [secret]})]  # noqa: UP031
    assert [] == [text for text in printed if "s3cr3t" in text or "********" not in text]
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        "key " + secret
    assert "s3cr3t" == secret.reveal()


def test_an_earlier_name_of_a_value_is_accepted_and_logged(caplog):
    """A value under its earlier name becomes the current value, and the log names both."""
    strategy = Setting("strategy", "string", "", allowed=("auto", "per_entity"), old_values={"per_card": "per_entity"})
    loaded = SettingsTable("TAP_X", [strategy]).load([ConfigSource("config.json", {"strategy": "per_card"})])
    assert {"strategy": "per_entity"} == loaded
    assert "'per_card' is an earlier name of the value 'per_entity'" in caplog.text
