"""Every parameter of every operator, sensor and transfer is tested as literal, text, template, and nothing."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
import shlex
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    DAG,
    AirflowException,
    AirflowFailException,
    BaseOperator,
    ObjectStoragePath,
)

import airflow_provider_talon_one
from airflow_provider_talon_one.airflow_compat.masking import _of_airflow, redact
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from airflow_provider_talon_one.parameters import convert_parameters
from airflow_provider_talon_one.sensors.conditions import ARGUMENTS, CONDITIONS, converted_arguments
from airflow_provider_talon_one.sensors.talon_one import LoyaltyTransactionsSensor, TalonOneSensor
from airflow_provider_talon_one.transfers.push_operator import PushOperator
from airflow_provider_talon_one.transfers.singer import SingerOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import (
    WarehouseToAudienceOperator,
    WarehouseToCatalogOperator,
    WarehouseToProfilesOperator,
    WarehouseToTalonOneOperator,
)
from talon_one_singer import ConfigSource
from talon_one_singer.errors import ConfigError
from tap_talon_one.settings import SETTINGS as TAP_SETTINGS
from target_talon_one.settings import SYNC_SETTINGS

NOTHING = ("", "None", "null")
VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def classes() -> list[type]:
    """Return all operators, sensors and transfers of the provider."""
    found = set()
    for folder in ("operators", "sensors", "transfers"):
        package = importlib.import_module(f"{airflow_provider_talon_one.__name__}.{folder}")
        for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if one.name.endswith(".loyalty_to_warehouse"):
                continue  # an earlier name, whose import warns
            module = importlib.import_module(one.name)
            found |= {
                kind
                for kind in vars(module).values()
                if inspect.isclass(kind) and issubclass(kind, BaseOperator) and kind.__module__ == module.__name__
            }
    return sorted(found, key=lambda kind: kind.__name__)


def own(kind: type) -> list[str]:
    """Return the parameters that a class adds."""
    return [
        name
        for name, one in inspect.signature(kind.__init__).parameters.items()
        if name != "self" and one.kind not in VARIADIC
    ]


# Transfers

REQUIRED: dict[type, dict[str, Any]] = {
    TalonOneToWarehouseOperator: {"warehouse_url": "duckdb:///w.duckdb"},
    WarehouseToTalonOneOperator: {"sink": "audiences", "mode": "upsert", "source_url": "a.csv"},
    VerifySyncOperator: {"sink": "audiences", "mode": "upsert", "source_url": "a.csv"},
    WarehouseToAudienceOperator: {"audience": 7, "key": "id", "source_url": "a.csv"},
    WarehouseToCatalogOperator: {"catalog_id": 7, "source_url": "a.csv"},
    WarehouseToProfilesOperator: {"key": "id", "source_url": "a.csv"},
    SingerOperator: {"tap": ["a"], "target": ["b"]},
}
INSTEAD = {"source_conn_id": "source_url", "warehouse_conn_id": "warehouse_url"}
AUDIENCE, CATALOG = {"sink": "audience_members", "mode": "mirror"}, {"sink": "catalog_items", "mode": "mirror"}
# What else a parameter of any sink needs.
WITH: dict[str, dict[str, Any]] = {
    "audience": AUDIENCE,
    "adopt": {**AUDIENCE, "audience": 7},
    "catalog_id": CATALOG,
    "version": {**CATALOG, "catalog_id": 7},
    "missing_price": {**CATALOG, "catalog_id": 7},
    "campaign_id": {"sink": "referrals", "mode": "add"},
    "loyalty_program_id": {"sink": "loyalty_cards", "mode": "add"},
}
VALUES: dict[str, Any] = {
    "sink": "audiences",
    "mode": "upsert",
    "key": ["a", "b"],
    "map": {"name": "a", "integrationId": "{{ x * 2 }}"},
    "missing_price": "keep",
    "create_profiles": "allow",
    "expect_environment": "live",
    "nulls": "reject",
    "max_delete_share": 0.5,
    "max_reject_share": 0.5,
    "shard": "1/1",
    "store": "s.duckdb",
    "warehouse_url": "duckdb:///other.duckdb",
    "streams": ["loyalty_card_balances", "audiences"],
    "tap": ["a", "b c"],
    "target": ["a", "b c"],
    "options": {"max_deletes": 7, "allow_empty": True},
    "retry_rejects": False,
    "state_path": "file:///state.json",
}
KINDS = {"bool": True, "int": 7, "Mapping": {"concurrency": 7}}


def value_of(kind: type, name: str) -> Any:
    """Return a value for a parameter of a transfer, that differs from its default."""
    if name in VALUES:
        return VALUES[name]
    annotation = str(inspect.signature(kind.__init__).parameters[name].annotation)
    return next((value for part, value in KINDS.items() if part in annotation), "some text")


def texts_of(name: str, value: Any) -> list[str]:
    """Return the texts that mean a value."""
    if isinstance(value, bool):
        return ["True", "yes", "1"] if value else ["False", "no", "0"]
    if isinstance(value, list):
        joined = shlex.join(value) if name in ("tap", "target") else ",".join(value)
        return [str(value), json.dumps(value), *([] if name == "key" else [joined])]
    return [str(value), json.dumps(value)] if isinstance(value, dict) else [str(value)]


def task_of(kind: type, name: str, value: Any, **more: Any) -> Any:
    """Return a task with one parameter more than it needs."""
    more |= WITH.get(name, {}) if "sink" in own(kind) else {}
    given = {key: one for key, one in REQUIRED[kind].items() if key != INSTEAD.get(name)}
    return kind(task_id="t", **{**given, **more, name: value})


def engine_input(task: Any) -> dict[str, Any]:
    """Return what reaches the engine: every converted parameter, the settings, the destination and the source."""
    if isinstance(task, SingerOperator):
        task.convert()
    else:
        convert_parameters(task, task.parameters)
    found = {one.name: getattr(task, one.name) for one in task.parameters if one.name not in ("settings", "options")}
    connection = ConfigSource("the connection", {"base_url": "https://a.b", "api_key": "k"})
    if isinstance(task, PushOperator):
        settings = SYNC_SETTINGS.load([connection, ConfigSource("the task", task._given("live"))])
        destination = replace(task._destination(), given={})
        return {**found, **settings, "destination": destination, "source": task._source(), "part": task._shard()}
    if isinstance(task, TalonOneToWarehouseOperator):
        return {**found, **TAP_SETTINGS.load([connection, ConfigSource("the task", task._given())])}
    return {**found, "tap": task.tap, "target": task.target}


def native() -> DAG:
    """Return a DAG whose templates are rendered to Python objects."""
    return DAG("native", schedule=None, start_date=START, render_template_as_native_obj=True)


def rendered(task: Any, value: Any) -> dict[str, Any]:
    """Return what reaches the engine once the templates are rendered."""
    task.render_template_fields({"params": {"of_the_test": value}})
    return engine_input(task)


TEMPLATE = "{{ params.of_the_test }}"
START = datetime(2026, 1, 1, tzinfo=UTC)
WRONG = (ValueError, ConfigError)
KINDS_OF_TRANSFERS = pytest.mark.parametrize("kind", REQUIRED, ids=lambda kind: kind.__name__)


def test_every_class_is_walked():
    """A new operator fails here until this module tests it."""
    sensors = {kind for kind in classes() if issubclass(kind, TalonOneSensor)}
    operations = {kind for kind in classes() if issubclass(kind, TalonOneOperator)}
    assert set(classes()) - {PushOperator} == set(REQUIRED) | sensors | operations
    assert set(CONDITIONS) == set(ARGUMENTS)


@KINDS_OF_TRANSFERS
def test_every_parameter_of_a_transfer_is_named_documented_and_a_template(kind):
    """Signature, documentation and template fields name the same parameters; only those of Airflow are in kwargs."""
    documented = re.findall(
        r"^        ([a-z][a-z_, ]*): ", kind.__doc__.partition("Args:")[2].partition("Raises:")[0], re.M
    )
    assert sorted(own(kind)) == sorted(name for names in documented for name in names.split(", "))
    assert [] == [name for name in own(kind) if name not in kind.template_fields]
    assert {one.name for one in kind.parameters} <= {*own(kind), "sink", "mode"}
    (hidden,) = [one for one in inspect.signature(kind.__init__).parameters.values() if one.kind in VARIADIC]
    assert "kwargs" == hidden.name
    with pytest.raises((TypeError, AirflowException), match="no_parameter"):
        kind(task_id="t", **REQUIRED[kind], no_parameter=1)


def test_verify_takes_exactly_the_arguments_of_every_push():
    """The arguments of a push are those of its verification, which also finds the sink and the mode."""
    assert [*own(WarehouseToTalonOneOperator), "allow_unknown"] == own(VerifySyncOperator)
    for kind in (WarehouseToAudienceOperator, WarehouseToCatalogOperator, WarehouseToProfilesOperator):
        assert set(own(kind)) <= set(own(VerifySyncOperator))
        push, verify = kind(task_id="t", **REQUIRED[kind]), VerifySyncOperator(task_id="t", **REQUIRED[kind])
        found = push._destination()
        assert (found.sink, found.mode) == (verify._destination().sink, verify._destination().mode)


@KINDS_OF_TRANSFERS
def test_a_text_or_template_of_a_transfer_means_its_literal(kind):
    """A literal, its texts, a template and a native template give the engine the same value."""
    plain = engine_input(task_of(kind, *next(iter(REQUIRED[kind].items()))))
    for name in own(kind):
        value = value_of(kind, name)
        expected = engine_input(task_of(kind, name, value))
        assert expected != plain or name in REQUIRED[kind], name
        assert expected == rendered(task_of(kind, name, TEMPLATE), value), name
        assert expected == rendered(task_of(kind, name, TEMPLATE, dag=native()), value), name
        for text in texts_of(name, value):
            assert expected == engine_input(task_of(kind, name, text)), (name, text)
            assert expected == rendered(task_of(kind, name, TEMPLATE), text), (name, text)


NEEDED = ("sink", "mode", "audience", "catalog_id", "campaign_id", "loyalty_program_id", "tap", "target")


@KINDS_OF_TRANSFERS
def test_a_template_of_nothing_is_not_given_or_refused(kind):
    """An empty parameter that is needed or that narrows a run is refused by name; any other has its default."""
    narrows = {one.name for one in kind.parameters if one.narrows or one.type == "array"}
    locations = {*INSTEAD, *INSTEAD.values()}  # a task without one fails when it opens it
    for name in sorted({*own(kind)} - locations):
        for text in NOTHING:
            task = task_of(kind, name, TEMPLATE)
            if name in narrows or name in NEEDED:
                with pytest.raises(WRONG, match=f"'{name}'"):
                    rendered(task, text)
            else:
                assert engine_input(task_of(kind, name, None)) == rendered(task, text), name


@KINDS_OF_TRANSFERS
def test_a_wrong_text_of_a_transfer_is_refused(kind):
    """A text that cannot be converted fails the task by the name of its parameter, instead of skipping the push."""
    for name in own(kind):
        value = value_of(kind, name)
        wrong = "[1" if isinstance(value, list) else "maybe" if isinstance(value, bool | int | float | dict) else None
        if wrong and name != "key":
            with pytest.raises(WRONG, match=f"'{name}' "):
                rendered(task_of(kind, name, TEMPLATE), wrong)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("audience", "{'id': '7'}", lambda one: one.target["audience"]["id"] == 7),
        ("key", "email", lambda one: one.mapping.key == ("email",)),
        (
            "options",
            "{'allow_empty': 'True', 'max_deletes': '7', 'create_profiles': 'None'}",
            lambda one: (
                (one.guards.allow_empty, one.guards.max_deletes, one.guards.create_profiles) == (True, 7, "guard")
            ),
        ),
    ],
)
def test_options_of_a_push_are_read_by_the_conversion_of_a_sync_file(name, value, found):
    """An option is converted like the same key of a SYNC.yml, as literal text and as template."""
    kind = WarehouseToAudienceOperator
    assert found(engine_input(task_of(kind, name, value))["destination"])
    assert found(rendered(task_of(kind, name, TEMPLATE), value)["destination"])


def test_a_template_in_an_option_is_read_too():
    """Guards may depend on parameters of the DAG run."""
    options = {"allow_empty": "{{ no }}", "max_deletes": "{{ seven }}", "retry_rejects": "{{ nothing }}"}
    task = WarehouseToAudienceOperator(task_id="t", audience="{{ seven }}", key="id", source_url="a", options=options)
    task.render_template_fields({"no": False, "seven": 7, "nothing": None})
    guards = task._destination().guards
    assert False is guards.allow_empty
    assert 7 == guards.max_deletes
    assert True is task._destination().retry_rejects


def test_an_option_is_given_once():
    """A guard that is an argument and in options is refused when the DAG is parsed."""
    with pytest.raises(ValueError, match="give max_deletes as an argument or in options, not both"):
        WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="a", max_deletes=1, options={"max_deletes": 2})


def test_templates_in_a_map_are_over_columns_unless_they_read_parameters_only():
    """Airflow renders what reads params, var, dag_run or ti; names of columns, even of Airflow's variables, stay."""
    columns = {"price": "{{ price * 2 }}", "name": "{{ ds }}", "deep": "{{ ds.params }}", "bare": "{{ params }}"}
    mixed = "{{ params.sku ~ price }}"
    given = {"sku": "{{ params.sku }}", "attributes": {**columns, "mixed": mixed, "list": ["{{ dag_run.conf['a'] }}"]}}
    task = WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="a", map=given)
    task.render_template_fields({"params": {"sku": "number"}, "dag_run": SimpleNamespace(conf={"a": "b"}), "ds": "x"})
    expected = {"sku": "number", "attributes": {**columns, "mixed": mixed, "list": ["b"]}}
    assert expected == task._destination().mapping.map


# Credentials

PLANTED = "planted-secret"
WITH_CREDENTIALS = [
    f"postgresql://user:{PLANTED}@host/db",
    f"s3://key:{PLANTED}@bucket/lake",
    f"snowflake://user@account/db?password={PLANTED}",
    {"management_key": PLANTED, "log_to": f"postgresql://user:{PLANTED}@host/db"},
    {"env": [{"TARGET_TALON_ONE_API_KEY": PLANTED}]},
    json.dumps({"token": PLANTED}),
]


def forget_masks():
    """Let Airflow forget what it masks, because every secret makes the next ones slower."""
    masker = importlib.import_module(_of_airflow("redact").__module__)._secrets_masker()
    masker.patterns, masker.replacer = set(), None


@KINDS_OF_TRANSFERS
def test_credentials_in_an_argument_are_masked_in_rendered_templates(kind):
    """What Airflow stores of a rendered argument has no password of a URL, neither of a literal nor of a template."""
    url = f"postgresql://user:{PLANTED}@host/db"
    for name in own(kind):
        for given in (url, TEMPLATE):
            forget_masks()
            task = task_of(kind, name, TEMPLATE)
            setattr(task, name, given)
            task.render_template_fields({"params": {"of_the_test": url}})
            assert url == getattr(task, name), name
            assert PLANTED not in str(redact(getattr(task, name))), name


@pytest.mark.parametrize("number", range(len(WITH_CREDENTIALS)))
def test_every_kind_of_credentials_is_masked(number):
    """Secrets in URLs, nested settings, environment variables and JSON texts are masked."""
    given = json.loads(json.dumps(WITH_CREDENTIALS[number]).replace(PLANTED, f"{PLANTED}-{number}"))
    task = WarehouseToTalonOneOperator(task_id="t", sink="{{ s }}", mode="add", source_url="a", settings={"a": given})
    task.render_template_fields({"s": "audiences"})
    assert "planted" not in str(redact(task.settings))


def test_ids_of_connections_and_names_of_columns_are_not_masked():
    """A connection before the @, the name of a key column and an ordinary text stay readable."""
    given = {"source_url": "s3://warehouse_conn@bucket/a.csv", "options": {"key": "customer_id"}}
    task = WarehouseToTalonOneOperator(task_id="t", sink="{{ s }}", mode="add", sql="SELECT 'a://b c'", **given)
    task.render_template_fields({"s": "audiences"})
    shown = [redact(getattr(task, name)) for name in ("source_url", "options", "sql")]
    assert [given["source_url"], given["options"], "SELECT 'a://b c'"] == shown


@pytest.mark.parametrize("name", ["source_url", "store"])
def test_an_object_storage_path_is_taken(name):
    """An ObjectStoragePath is converted to its URL."""
    given = {**REQUIRED[WarehouseToProfilesOperator], name: ObjectStoragePath("s3://aws_default@bucket/a")}
    task = WarehouseToProfilesOperator(task_id="t", **given)
    convert_parameters(task, task.parameters)
    assert "s3://aws_default@bucket/a" == getattr(task, name)


@pytest.mark.parametrize("text", ["tap-x --flag 'a b'", '["tap-x", "--flag", "a b"]', "['tap-x', '--flag', 'a b']"])
def test_a_command_can_be_a_text(text):
    """A command line and the text of a list give the same command."""
    from airflow_provider_talon_one.parameters import parse_command

    assert ["tap-x", "--flag", "a b"] == parse_command("tap", text)


@pytest.mark.parametrize("text", ["", "None", [], "'"])
def test_no_command_is_refused(text):
    """A missing command is an error that names the parameter."""
    from airflow_provider_talon_one.parameters import parse_command

    with pytest.raises(ValueError, match="the parameter 'tap' "):
        parse_command("tap", text)


# Sensors


CONDITION_WALK = [
    pytest.param(condition, one, id=f"{condition}-{one.name}")
    for condition, table in ARGUMENTS.items()
    for one in table
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_every_argument_of_a_condition_is_in_its_table(condition):
    """A new argument fails here until it is in the table."""
    names = [name for name in inspect.signature(CONDITIONS[condition]).parameters if name != "client"]
    assert names == [one.name for one in ARGUMENTS[condition]]


@pytest.mark.parametrize(("condition", "argument"), CONDITION_WALK)
def test_a_text_of_an_argument_means_its_literal(condition, argument):
    """Texts become numbers and instants, an empty text is not given, and anything else is refused by name."""
    base = {one.name: 7 for one in ARGUMENTS[condition] if one.required}
    instant = datetime(2026, 1, 31, 5, tzinfo=UTC)
    literal, text = (7, "7") if argument.type == "integer" else (instant, "2026-01-31 05:00:00+00:00")
    expected = converted_arguments(condition, base | {argument.name: literal})
    assert expected == converted_arguments(condition, base | {argument.name: text})
    texts = {name: str(one) for name, one in (base | {argument.name: text}).items()}
    assert expected == converted_arguments(condition, str(texts))
    for nothing in (*NOTHING, None):
        if argument.required:
            with pytest.raises(ValueError, match=f"the parameter '{argument.name}' is missing"):
                converted_arguments(condition, base | {argument.name: nothing})
        else:
            assert base == converted_arguments(condition, base | {argument.name: nothing})
    with pytest.raises(ValueError, match=f"the parameter '{argument.name}' "):
        converted_arguments(condition, base | {argument.name: "maybe"})


SENSORS = [kind for kind in classes() if issubclass(kind, TalonOneSensor) and kind is not TalonOneSensor]


@pytest.mark.parametrize("kind", SENSORS, ids=lambda kind: kind.__name__)
def test_a_template_of_a_sensor_means_its_literal(kind):
    """Every parameter of every sensor gives the condition the same arguments as literal, text and template."""
    values = {name: datetime(2026, 1, 31, 5, tzinfo=UTC) if name == "since" else 7 for name in own(kind)}
    expected = kind(task_id="t", **values)._converted()
    assert {**values, **({"since": "2026-01-31T05:00:00Z"} if "since" in values else {})} == expected
    for name, value in values.items():
        assert expected == kind(task_id="t", **{**values, name: str(value)})._converted()
        for dag in (None, native()):
            task = kind(task_id="t", **{**values, name: TEMPLATE}, dag=dag)
            task.render_template_fields({"params": {"of_the_test": value}})
            assert expected == task._converted(), name


@pytest.mark.parametrize(("text", "expected"), [("False", False), ("1", True), (True, True), ("None", False)])
def test_deferrable_is_a_boolean(text, expected):
    """The parameter is read when the DAG is parsed, so a template is refused."""
    arguments = {"condition": "audience_of_size", "arguments": {"audience_id": 1, "at_least": 1}}
    assert expected is TalonOneSensor(task_id="t", deferrable=text, **arguments).deferrable
    with pytest.raises(ValueError, match=r"'deferrable' must be true or false, not '\{\{ params.d"):
        TalonOneSensor(task_id="t", deferrable="{{ params.d }}", **arguments)


@pytest.mark.usefixtures("connection")
@pytest.mark.parametrize("since", ["None", "", None])
def test_the_first_run_of_a_dag_waits_for_any_row(emu, since):
    """A sensor without a previous run waits for any row."""
    task = LoyaltyTransactionsSensor(task_id="t", loyalty_program_id="1", since=since)
    assert False is task.poke({}).is_done
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions([{"program": 1, "card": "card-1", "amount": "12.50"}])
    assert True is task.poke({}).is_done


@pytest.mark.usefixtures("connection")
def test_since_takes_what_a_template_makes_of_a_datetime(emu):
    """The text of a datetime is accepted, with a space, an offset and microseconds."""
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions([{"program": 1, "card": "card-1", "amount": "12.50"}])
    for since, expected in (("2020-01-01 00:00:00.5+02:00", True), ("2999-01-01 00:00:00+00:00", False)):
        task = LoyaltyTransactionsSensor(task_id="t", loyalty_program_id=1, since=since)
        assert expected is task.poke({}).is_done
    with pytest.raises(AirflowFailException, match="the parameter 'since' must be a date and time"):
        LoyaltyTransactionsSensor(task_id="t", loyalty_program_id=1, since="yesterday").poke({})


# Operators, one an operation

NAMED = [kind for kind in classes() if issubclass(kind, TalonOneOperator) and kind is not TalonOneOperator]
BODIES = {
    "UpdateCustomerProfileOperator": {"attributes": {"a": 1}},
    "TrackEventOperator": {"profileId": "p", "type": "t", "attributes": {}},
    "TrackEventV3Operator": {"integrationId": "e", "profileId": "p", "type": "t", "attributes": {}},
    "UpdateCustomerSessionOperator": {"customerSession": {"profileId": "p"}},
    "CreateReferralsForMultipleAdvocatesOperator": {
        "campaignId": 1,
        "advocateProfileIntegrationIds": ["a"],
        "usageLimit": 1,
    },
}
KNOWN = {
    "target": {"targetType": "NONE"},
    "timeframe_end_date_type": "price",
    "data": [{"action": "add", "profileIntegrationId": "p", "audienceId": 1}],
    "actions": [{"type": "ADD", "payload": {"sku": "a", "price": 1}}],
    "customer_profiles": [{"integrationId": "p", "attributes": {"a": 1}}],
    "returned_cart_items": [{"position": 0, "quantity": 1}],
}


def literal_of(kind: type, name: str) -> Any:
    """Return a value for a parameter by its annotation."""
    annotation = str(inspect.signature(kind.__init__).parameters[name].annotation)
    if name == "body":
        return BODIES[kind.__name__]
    if name in KNOWN:
        return KNOWN[name]
    if (kind.__name__, name) == ("GenerateLoyaltyCardOperator", "status"):
        return "inactive"
    if name in DATES:
        return "2026-01-31T05:00:00Z"
    values = {"bool": True, "list[str]": ["a", "b"], "list[int]": [7], "int": 20, "Mapping": {"a": "b"}}
    found = next((value for part, value in values.items() if part in annotation), None)
    if found is not None:
        return found
    return "yes" if name == "silent" else "text"


def request_of(task: Any, values: dict[str, Any]) -> dict[str, Any]:
    """Return path, query and body of a task's request once its templates are rendered."""
    task.render_template_fields(values)
    return task._request().arguments()


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_a_template_of_an_operation_means_its_literal(kind):
    """Every parameter of every operator gives the same request as literal and as template."""
    literals = {name: literal_of(kind, name) for name in own(kind)}
    expected = request_of(kind(task_id="t", **literals), {})
    for name, value in literals.items():
        text = "{{ value | tojson }}" if isinstance(value, dict) else "{{ value }}"
        task = kind(task_id="t", **{**literals, name: text})
        assert expected == request_of(task, {"value": value}), name


DATES = ("start_date", "end_date", "now", "expiry_date", "timeframe_end_date")


@pytest.mark.parametrize("kind", [one for one in NAMED if set(own(one)) & {*DATES}], ids=lambda kind: kind.__name__)
def test_an_instant_of_an_operation_becomes_rfc_3339(kind):
    """A datetime, its text from a template, a native template and a date give instants of RFC 3339."""
    literals = {name: literal_of(kind, name) for name in own(kind)}
    for name in sorted(set(literals) & {*DATES}):
        for value, text in (
            (datetime(2026, 1, 31, 5, tzinfo=UTC), "2026-01-31T05:00:00Z"),
            (datetime(2026, 1, 31, 5, 0, 0, 250000, timezone(timedelta(hours=2))), "2026-01-31T05:00:00.250000+02:00"),
            (date(2026, 1, 31), "2026-01-31T00:00:00Z"),
        ):
            expected = request_of(kind(task_id="t", **{**literals, name: text}), {})
            assert text in str(expected)
            assert expected == request_of(kind(task_id="t", **{**literals, name: value}), {})
            for dag in (None, native()):
                task = kind(task_id="t", **{**literals, name: "{{ value }}"}, dag=dag)
                assert expected == request_of(task, {"value": value})
        with pytest.raises(ValueError, match="must have a time zone"):
            request_of(kind(task_id="t", **{**literals, name: "{{ value }}"}), {"value": datetime(2026, 1, 31)})  # noqa: DTZ001


def test_the_operator_of_any_operation_converts_what_templates_give():
    """Path, query and body have their types as literals, texts and templates, in alternatives of a schema too."""
    body = {"actions": [{"type": "ADD", "payload": {"sku": "a", "price": 7.5, "attributes": {"a": 1}}}], "version": 3}
    given = {"operation": "sync_catalog", "path": {"catalogId": 7}, "body": body}
    expected = request_of(TalonOneOperator(task_id="t", **given), {})
    payload = {"sku": "a", "price": "{{ price }}", "attributes": {"a": 1}}
    texts = {
        "path": {"catalogId": "{{ seven }}"},
        "body": {"actions": [{"type": "ADD", "payload": payload}], "version": "3"},
    }
    values = {"price": 7.5, "seven": 7, "body": json.dumps(body)}
    assert expected == request_of(TalonOneOperator(task_id="t", **{**given, **texts}), values)
    assert expected == request_of(TalonOneOperator(task_id="t", **{**given, "body": "{{ body }}"}), values)
    moment = datetime(2026, 1, 31, 5, tzinfo=UTC)
    given = {"operation": "get_loyalty_program_transactions", "path": {"loyaltyProgramId": 7}}
    query = {"startDate": moment, "pageSize": 5}
    expected = {
        "path": {"loyaltyProgramId": 7},
        "query": {"startDate": "2026-01-31T05:00:00Z", "pageSize": 5},
        "body": None,
    }
    assert expected == request_of(TalonOneOperator(task_id="t", **given, query=query), {})
    templates = {"startDate": "{{ moment }}", "pageSize": "{{ five }}"}
    assert expected == request_of(
        TalonOneOperator(task_id="t", **given, query=templates), {"moment": moment, "five": 5}
    )


def test_a_list_as_text_is_split_or_refused_when_the_dag_is_parsed():
    """A list of names is split at its commas; a list of objects that is a text is refused by its field."""
    kind = next(one for one in NAMED if one.__name__ == "GetLoyaltyCardBalancesOperator")
    task = kind(task_id="t", loyalty_program_id=1, loyalty_card_id="a", subledger_id="x, y")
    assert ["x", "y"] == request_of(task, {})["query"]["subledgerId"]
    kind = next(one for one in NAMED if one.__name__ == "UpdateCustomerProfileAudiencesOperator")
    with pytest.raises(ValueError, match="/data/0"):
        kind(task_id="t", data="a, b")


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("nothing", [None, ""])
def test_a_template_of_nothing_is_left_out_or_refused(kind, nothing):
    """An empty template is left out or refused, so that no customer is called "None"."""
    literals = {name: literal_of(kind, name) for name in own(kind)}
    for name, literal in literals.items():
        task = kind(task_id="t", **{**literals, name: "{{ value }}"})
        rest = {key: one for key, one in literals.items() if key != name}
        optional = inspect.signature(kind.__init__).parameters[name].default is None
        if optional and not isinstance(literal, list | dict):
            expected = request_of(kind(task_id="t", **rest), {})
            assert expected == request_of(task, {"value": nothing}), name
        else:
            with pytest.raises(ValueError, match=r"'None'|''|Expecting value"):
                request_of(task, {"value": nothing})


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_a_wrong_text_of_an_operation_is_refused(kind):
    """A wrong text is an error that names parameter or field, before anything is sent."""
    literals = {name: literal_of(kind, name) for name in own(kind)}
    for name, value in literals.items():
        if isinstance(value, bool | int):
            task = kind(task_id="t", **{**literals, name: "{{ value }}"})
            with pytest.raises(ValueError, match=name.partition("_")[0]):
                request_of(task, {"value": "maybe"})
