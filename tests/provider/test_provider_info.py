"""What the provider tells Airflow about itself."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import airflow
import jsonschema
import pytest

from airflow_provider_talon_one.get_provider_info import get_provider_info
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from talon_one_client import endpoints

PACKAGES = list(get_provider_info()["operators"][0]["python-modules"])


@pytest.mark.parametrize("name", ["provider_info.schema.json", "provider.yaml.schema.json"])
def test_the_info_fits_airflows_schema(name):
    """Each of the two that Airflow ships; what only one of them knows is left out for the other."""
    schema = json.loads((Path(airflow.__file__).parent / name).read_text())
    info = get_provider_info()
    if name.startswith("provider.yaml"):
        required = {"source-date-epoch": 0, "state": "ready", "lifecycle": "production"}
        info = {key: value for key, value in (info | required).items() if key in schema["properties"]}
        info["connection-types"][0].pop("hook-name", None)
        errors = list(
            jsonschema.Draft7Validator(schema["properties"]["connection-types"]).iter_errors(info["connection-types"])
        )
        assert [] == errors
    else:
        jsonschema.validate(info, schema)


def test_the_entry_point_leads_there():
    """By the name that Airflow looks for."""
    (found,) = [one for one in entry_points(group="apache_airflow_provider") if "talon_one" in one.value]
    assert get_provider_info() == found.load()()


def test_everything_that_is_named_is_there():
    """Modules and classes."""
    info = get_provider_info()
    modules = [
        module
        for part in ("hooks", "operators", "sensors", "triggers")
        for one in info[part]
        for module in one["python-modules"]
    ]
    for module in [*modules, *(one["python-module"] for one in info["transfers"])]:
        import_module(module)
    names = [*info["extra-links"], *info["notifications"], info["connection-types"][0]["hook-class-name"]]
    names += [one["class-name"] for one in info["task-decorators"]]
    names += [info["asset-uris"][0][name] for name in ("handler", "to_openlineage_converter")]
    for name in names:
        module, _, attribute = name.rpartition(".")
        assert callable(getattr(import_module(module), attribute))


def operators():
    """Operator classes by the operation they stand for, read from their own calls."""
    found = {}
    for name in PACKAGES:
        module = import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, TalonOneOperator) and one.__module__ == name:
                found[one.__name__] = one
    return found


def test_every_operation_has_an_operator():
    """26 of them, one each, beside the one for any."""
    import inspect

    wanted = {one.name for one in endpoints.ALL if one.api == "integration"}
    sources = {name: inspect.getsource(one) for name, one in operators().items() if one is not TalonOneOperator}
    named = {name: next(op for op in wanted if f'operation="{op}"' in source) for name, source in sources.items()}
    assert 26 == len(named)
    assert wanted == set(named.values())
