"""Every setting of tap, target and syncs is tested as a literal, as text, from the environment, and as nothing."""

import dataclasses
import json
from datetime import UTC, date, datetime

import pytest

from talon_one_singer.errors import ConfigError
from talon_one_singer.settings.table import ConfigSource
from tap_talon_one.settings import SETTINGS as TAP
from target_talon_one.config.destination_config import DestinationConfig
from target_talon_one.config.destination_reader import GUARDS, destination_from
from target_talon_one.config.destination_settings import AUDIENCE, OPTIONS, TARGETS
from target_talon_one.errors import SyncConfigError
from target_talon_one.settings import SETTINGS as TARGET
from target_talon_one.settings import SYNC_SETTINGS
from target_talon_one.sinks.table import SINKS

TABLES = {"tap": TAP, "target": TARGET, "sync": SYNC_SETTINGS}
SETTINGS = [pytest.param(table, one, id=f"{name}-{one.name}") for name, table in TABLES.items() for one in table]
NOTHING = ("", " ", "None", "null")
FORMS = {"shard": "3/16", "former_base_url": "https://earlier.talon.one"}  # texts that must have a form


def samples(setting):
    """Return literals of a setting with the texts that a shell or a template makes of them."""
    low = int(setting.minimum or 1) + 1
    part = setting.name.endswith("_share")  # between 0 and 1
    by_type = {
        "boolean": [
            *((True, text) for text in ("True", "true", "1", "yes", "on")),
            *((False, text) for text in ("False", "false", "0", "no", "off")),
        ],
        "integer": [(low, str(low)), (low, f" {low} "), (float(low), f"{low}.0")],
        "number": [(0.5, "0.5"), (1, "1")] if part else [(low + 0.5, str(low + 0.5)), (low, str(low))],
        "date-time": [
            (datetime(2026, 1, 31, 5, tzinfo=UTC), "2026-01-31 05:00:00+00:00"),
            (date(2026, 1, 31), "2026-01-31"),
            ("2026-01-31T05:00:00Z", "2026-01-31T06:00:00+01:00"),
        ],
        "date-times": [([date(2026, 1, 31)], "2026-01-31"), (["2026-01-31", "2026-02-01"], "2026-01-31,2026-02-01")],
        "object": [({"a": {"sink": True}}, text) for text in ('{"a": {"sink": true}}', "{'a': {'sink': True}}")],
        "array": array_samples(setting),
        "string": [(one, one) for one in (setting.allowed or (FORMS.get(setting.name, "some text"),))],
    }
    return by_type[setting.type]


def array_samples(setting):
    items = list(setting.allowed) or ([7, 8] if setting.items == "integer" else ["a-1", "b-2"])
    return [(items, json.dumps(items)), (items, repr(items)), (items, ", ".join(map(str, items)))]


def required(table):
    return {one.name: {} if one.type == "object" else "https://demo.talon.one" for one in table if one.required}


def loaded(table, setting, *, config=None, environ=None):
    given = required(table) | ({} if config is None else {setting.name: config})
    variables = None if environ is None else {table.env_name(setting): environ}
    if environ is not None:
        given.pop(setting.name, None)
    value = table.load([ConfigSource("config.json", given)], variables)[setting.name]
    return value.reveal() if hasattr(value, "reveal") else value


@pytest.mark.parametrize(("table", "setting"), SETTINGS)
def test_a_text_of_a_setting_means_its_literal(table, setting):
    """A config file, Meltano and the environment give the same value, whether it is typed or a text."""
    for literal, text in samples(setting):
        expected = loaded(table, setting, config=literal)
        assert expected == loaded(table, setting, config=text)
        assert expected == loaded(table, setting, environ=text)


@pytest.mark.parametrize(("table", "setting"), SETTINGS)
@pytest.mark.parametrize("text", NOTHING)
def test_a_text_of_nothing_is_not_given_or_refused(table, setting, text):
    """A setting that narrows the input reports the empty text; a required one is missing; others use their default."""
    if setting.narrows or setting.type == "array" or setting.required:
        for given in ({"config": text}, {"environ": text}):
            with pytest.raises(ConfigError, match=rf"(?i){setting.name}"):
                loaded(table, setting, **given)
        return
    default = table.load([ConfigSource("config.json", required(table))])[setting.name]
    assert default == loaded(table, setting, config=text)
    assert default == loaded(table, setting, environ=text)


@pytest.mark.parametrize(("table", "setting"), SETTINGS)
def test_a_text_that_is_none_of_a_type_is_refused(table, setting):
    """The message names the setting or its variable."""
    wrong = {"string": "nonsense" if setting.allowed else None, "array": "x" if setting.items == "integer" else "[1"}
    text = wrong.get(setting.type, "certainly")
    if text is None:
        return
    with pytest.raises(ConfigError, match=f"setting '{setting.name}' in config.json "):
        loaded(table, setting, config=text)
    with pytest.raises(ConfigError, match=f"the environment variable {table.env_name(setting)} "):
        loaded(table, setting, environ=text)


# Destinations

BASE = {
    name: {"sink": name, "mode": next(iter(sink.modes))}
    | {
        one: {"id": 7} if one == "audience" else samples(TARGETS[one])[0][0]
        for one in (target for target in sink.target if not target.endswith("?"))
    }
    for name, sink in SINKS.items()
}
OPTION_WALK = [
    *(pytest.param("audience_members", one, id=one.name) for one in OPTIONS.values()),
    *(
        pytest.param(name, TARGETS[one.rstrip("?")], id=f"{name}-{one}")
        for name, sink in SINKS.items()
        for one in sink.target
        if one != "audience"
    ),
]


def made(sink, **given):
    destination = destination_from("s", {**BASE[sink], **given})
    return dataclasses.replace(destination, given={})


def test_every_option_of_a_destination_is_in_a_table():
    """The tests below read these tables, so that no new option is left untested."""
    taken = {one.rstrip("?") for sink in SINKS.values() for one in sink.target}
    assert {"audience", *TARGETS} == taken
    direct = {"name", "sink", "mode", "target", "mapping", "guards", "given"}
    fields = {one.name for one in dataclasses.fields(DestinationConfig)} - direct
    assert {*fields, *GUARDS, "nulls"} == set(OPTIONS)


@pytest.mark.parametrize(("sink", "setting"), OPTION_WALK)
def test_a_text_of_an_option_means_its_literal(sink, setting):
    """A text means its literal in a SYNC.yml with ${VARIABLES}, in the target's streams and in Airflow's templates."""
    for literal, text in samples(setting):
        assert made(sink, **{setting.name: literal}) == made(sink, **{setting.name: text})


@pytest.mark.parametrize(("sink", "setting"), OPTION_WALK)
def test_a_wrong_text_of_an_option_is_refused(sink, setting):
    """The message names the stream and the option."""
    if setting.type == "string" and not setting.allowed:
        return
    with pytest.raises(SyncConfigError, match=f"streams.s: '{setting.name}' "):
        made(sink, **{setting.name: "certainly"})


@pytest.mark.parametrize(("sink", "setting"), OPTION_WALK)
@pytest.mark.parametrize("text", NOTHING)
def test_an_option_of_nothing_is_not_given(sink, setting, text):
    """An empty option has its default; an empty one that the sink needs is missing."""
    plain = {name: value for name, value in BASE[sink].items() if name != setting.name}
    if setting.name in BASE[sink]:
        with pytest.raises(SyncConfigError, match=f"'{setting.name}' is missing"):
            destination_from("s", plain | {setting.name: text})
        return
    expected = dataclasses.replace(destination_from("s", plain), given={})
    assert expected == made(sink, **{setting.name: text})


@pytest.mark.parametrize("setting", AUDIENCE.values(), ids=lambda one: one.name)
def test_a_text_in_an_audience_means_its_literal(setting):
    """The settings of an audience object are converted like all others."""
    for literal, text in samples(setting):
        audience = {"name": "VIP", setting.name: literal}
        expected = made("audience_members", audience=audience)
        assert expected == made("audience_members", audience={"name": "VIP", setting.name: text})
        assert expected == made("audience_members", audience=json.dumps({"name": "VIP", setting.name: text}))


@pytest.mark.parametrize(
    ("given", "expected"),
    [("7", {"id": 7}), (" 7 ", {"id": 7}), ({"id": "7"}, {"id": 7}), (7, {"id": 7}), (7.0, {"id": 7})],
)
def test_an_audience_can_be_the_text_of_an_id(given, expected):
    """Ids differ between sandbox and live, so they come from the environment."""
    assert expected == made("audience_members", audience=given).target["audience"]


@pytest.mark.parametrize("given", [0, -1, 2**63, 1.5, "0", "-1", str(2**63)])
def test_an_audience_id_has_the_bounds_of_every_id(given):
    """A bare id is checked like one in an object."""
    with pytest.raises(SyncConfigError, match=r"s: 'audience' must be "):
        made("audience_members", audience=given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [("id", ("id",)), (["id"], ("id",)), ('["id"]', ("id",)), ("['id']", ("id",)), ("a,b", ("a,b",)), ("None", None)],
)
def test_a_key_can_be_the_text_of_a_list(given, expected):
    """A comma can be part of a column's name, so only brackets make a list."""
    assert expected == made("audience_members", key=given).mapping.key


def test_dates_of_a_destination_are_one_spelling_of_an_instant():
    """YAML, Airflow and a text lead to the same date."""
    given = ("2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T01:00:00+01:00")
    found = {made("referrals_multiple", start_date=one).target["start_date"] for one in given}
    assert {"2026-01-01T00:00:00Z"} == found
