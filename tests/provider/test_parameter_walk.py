"""Every parameter of every operator, sensor and transfer is tested as literal, text, template, and nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, BaseOperator, ObjectStoragePath

import airflow_provider_talon_one
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from airflow_provider_talon_one.parameters import convert_parameters
from airflow_provider_talon_one.sensors.conditions import ARGUMENTS, CONDITIONS, converted_arguments
from airflow_provider_talon_one.sensors.talon_one import LoyaltyTransactionsSensor, TalonOneSensor
from airflow_provider_talon_one.transfers.singer import SingerOperator
from airflow_provider_talon_one.transfers.talon_one_to_warehouse import TalonOneToWarehouseOperator
from airflow_provider_talon_one.transfers.verify import VerifySyncOperator
from airflow_provider_talon_one.transfers.warehouse_to_talon_one import (
    WarehouseToAudienceOperator,
    WarehouseToCatalogOperator,
    WarehouseToProfilesOperator,
    WarehouseToTalonOneOperator,
)

NOTHING = ("", "None", "null")
VARIADIC = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)


def classes() -> list[type]:
    """Return all operators, sensors and transfers of the provider."""
    found = set()
    for folder in ("operators", "sensors", "transfers"):
        package = importlib.import_module(f"{airflow_provider_talon_one.__name__}.{folder}")
        for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
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


# Transfers: each parameter is in the table of its class, or is one of these that are read otherwise.
READ_AS_OPTIONS = {"key", "map", "audience", "catalog_id"}
COMMANDS = {"tap", "target"}
REQUIRED: dict[type, dict[str, Any]] = {
    TalonOneToWarehouseOperator: {"warehouse_url": "duckdb:///w.duckdb"},
    WarehouseToTalonOneOperator: {"sink": "audiences", "mode": "upsert", "source_url": "a.csv"},
    VerifySyncOperator: {"sink": "audiences", "mode": "upsert", "source_url": "a.csv"},
    WarehouseToAudienceOperator: {"audience": 7, "key": "id", "source_url": "a.csv"},
    WarehouseToCatalogOperator: {"catalog_id": 7, "source_url": "a.csv"},
    WarehouseToProfilesOperator: {"key": "id", "source_url": "a.csv"},
    SingerOperator: {"tap": ["a"], "target": ["b"]},
}
FIXED = {
    (WarehouseToAudienceOperator, "sink"),
    (WarehouseToCatalogOperator, "sink"),
    (WarehouseToProfilesOperator, "sink"),
    (WarehouseToProfilesOperator, "mode"),
}  # said by the class
VALID = {"shard": "1/1", "sink": "audiences", "mode": "upsert", "options": {"allow_empty": True}}
INSTEAD = {"source_conn_id": "source_url", "warehouse_conn_id": "warehouse_url"}
TRANSFERS = [
    pytest.param(kind, one, id=f"{kind.__name__}-{one.name}")
    for kind in REQUIRED
    for one in kind.parameters
    if (kind, one.name) not in FIXED
]
LITERALS = {
    "boolean": [(True, "True"), (True, "yes"), (True, "1"), (False, "False"), (False, "0"), (False, "no")],
    "array": [(["a", "b"], "a,b"), (["a", "b"], "['a', 'b']"), (["a", "b"], '["a", "b"]')],
    "object": [({"a": 7}, '{"a": 7}'), ({"a": [True]}, "{'a': [True]}")],
    "string": [("some text", "some text")],
}


def taken(kind: type, name: str, value: Any, *, template: bool = False) -> Any:
    """Return the attribute of a task after rendering and conversion."""
    given = "{{ params_of_the_test }}" if template else value
    required = {key: one for key, one in REQUIRED[kind].items() if key != INSTEAD.get(name)}
    task = kind(task_id="t", **{**required, name: given})
    task.render_template_fields({"params_of_the_test": value})
    convert_parameters(task, kind.parameters)
    return getattr(task, name)


def test_every_class_is_walked():
    """A new operator fails here until this module tests it."""
    sensors = {kind for kind in classes() if issubclass(kind, TalonOneSensor)}
    operations = {kind for kind in classes() if issubclass(kind, TalonOneOperator)}
    assert set(classes()) == set(REQUIRED) | sensors | operations
    assert set(CONDITIONS) == set(ARGUMENTS)


@pytest.mark.parametrize("kind", REQUIRED, ids=lambda kind: kind.__name__)
def test_every_parameter_of_a_transfer_is_walked(kind):
    """A new parameter fails here until it is in a table, and all parameters except map are templates."""
    tables = {one.name for one in kind.parameters}
    assert set(own(kind)) <= tables | READ_AS_OPTIONS | COMMANDS
    assert {name for name in own(kind) if name not in kind.template_fields} <= {"map"}
    assert tables <= set(kind.template_fields)
    named = getattr(kind, "named_options", ())
    assert set(own(kind)) & {"audience", "catalog_id"} == set(named)


@pytest.mark.parametrize(("kind", "parameter"), TRANSFERS)
def test_a_text_or_template_of_a_transfer_means_its_literal(kind, parameter):
    """A literal, its text, a template and a native template give the same value."""
    valid = VALID.get(parameter.name)
    for literal, text in LITERALS[parameter.type] if valid is None else [(valid, str(valid))]:
        assert literal == taken(kind, parameter.name, literal)
        assert literal == taken(kind, parameter.name, literal, template=True)
        assert literal == taken(kind, parameter.name, text, template=True)
        assert literal == taken(kind, parameter.name, text)


@pytest.mark.parametrize(("kind", "parameter"), TRANSFERS)
@pytest.mark.parametrize("text", NOTHING)
def test_a_template_of_nothing_is_not_given_or_refused(kind, parameter, text):
    """An empty parameter that narrows a run is refused by name; any other has its default."""
    if parameter.narrows or parameter.type == "array":
        with pytest.raises(ValueError, match=f"'{parameter.name}' is the text '{text}', which selects nothing"):
            taken(kind, parameter.name, text, template=True)
        return
    assert parameter.default == taken(kind, parameter.name, text, template=True)


@pytest.mark.parametrize(("kind", "parameter"), TRANSFERS)
def test_a_wrong_text_of_a_transfer_is_refused(kind, parameter):
    """A text that cannot be converted fails the task instead of skipping the push."""
    wrong = {"boolean": "maybe", "object": "maybe", "array": "[1"}.get(parameter.type)
    if wrong:
        with pytest.raises(ValueError, match=f"the parameter '{parameter.name}' "):
            taken(kind, parameter.name, wrong, template=True)


@pytest.mark.parametrize(
    ("kind", "name", "value", "found"),
    [
        (WarehouseToAudienceOperator, "audience", "7", lambda one: one.target["audience"]["id"] == 7),
        (WarehouseToAudienceOperator, "audience", "{'id': '7'}", lambda one: one.target["audience"]["id"] == 7),
        (WarehouseToCatalogOperator, "catalog_id", "7", lambda one: one.target["catalog_id"] == 7),
        (WarehouseToAudienceOperator, "key", "email", lambda one: one.mapping.key == ("email",)),
        (WarehouseToAudienceOperator, "mode", "upsert", lambda one: one.mode == "upsert"),
        (
            WarehouseToAudienceOperator,
            "options",
            "{'allow_empty': 'True', 'max_deletes': '7', 'create_profiles': 'None'}",
            lambda one: (
                (one.guards.allow_empty, one.guards.max_deletes, one.guards.create_profiles) == (True, 7, "guard")
            ),
        ),
    ],
)
@pytest.mark.parametrize("template", [True, False])
def test_options_of_a_push_are_read_by_the_conversion_of_a_sync_file(kind, name, value, found, template):
    """An option is converted like the same key of a SYNC.yml, as literal text and as template."""
    given = "{{ params_of_the_test }}" if template else value
    task = kind(task_id="t", **{**REQUIRED[kind], name: given})
    task.render_template_fields({"params_of_the_test": value})
    convert_parameters(task, kind.parameters)
    assert found(task._destination())


def test_a_template_in_an_option_is_read_too():
    """Guards may depend on parameters of the DAG run."""
    options = {"allow_empty": "{{ no }}", "max_deletes": "{{ seven }}", "retry_rejects": "{{ nothing }}"}
    task = WarehouseToAudienceOperator(task_id="t", audience="{{ seven }}", key="id", source_url="a", options=options)
    task.render_template_fields({"no": False, "seven": 7, "nothing": None})
    guards = task._destination().guards
    assert False is guards.allow_empty
    assert 7 == guards.max_deletes
    assert True is task._destination().retry_rejects


def test_map_is_no_template_of_airflow():
    """Airflow does not render map, because its templates are over the columns of a row."""
    task = WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="a", map={"sku": "{{ sku }}"})
    task.render_template_fields({})
    assert {"sku": "{{ sku }}"} == task._destination().mapping.map
    with pytest.raises(ValueError, match="'map' must be JSON"):
        WarehouseToCatalogOperator(task_id="t", catalog_id=1, source_url="a", map="{{ params.map }}")


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
    if name in ("start_date", "end_date", "now", "expiry_date"):
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
