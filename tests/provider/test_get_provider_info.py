"""The metadata of the provider for Airflow."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import airflow
import jsonschema
import pytest

import airflow_provider_talon_one
from airflow_provider_talon_one.connection_fields import FIELDS, HIDDEN, RELABELING
from airflow_provider_talon_one.get_provider_info import get_provider_info
from airflow_provider_talon_one.operators.talon_one import TalonOneOperator
from talon_one_client import endpoints
from target_talon_one.settings import SYNC_SETTINGS

# A process of its own: Airflow reads providers once. Before 3.2 the API server stands in for FAB itself.
FORM = """
import json
from airflow.providers_manager import ProvidersManager
try:
    from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
except ImportError:  # Airflow 2
    manager = ProvidersManager()
    behaviour = manager.field_behaviours["talon_one"]
    titles, hidden = behaviour["relabeling"], behaviour["hidden_fields"]
    widgets = [one for key, one in manager.connection_form_widgets.items() if key.startswith("extra__talon_one__")]
    fields = {
        one.field_name: [one.field.args[0], one.field.kwargs["description"], one.is_sensitive] for one in widgets
    }
else:
    (form,) = [one for one in HookMetaService.hook_meta_data() if one.connection_type == "talon_one"]
    standard = {name: one or {} for name, one in form.standard_fields.model_dump().items()}
    titles = {name: one["title"] for name, one in standard.items() if one.get("title")}
    hidden = [name.replace("url_schema", "schema") for name, one in standard.items() if one.get("hidden")]
    fields = {
        name: [one["schema"]["title"], one["description"], one["schema"].get("format") == "password"]
        for name, one in form.model_dump()["extra_fields"].items()
    }
print("FORM" + json.dumps([titles, sorted(hidden), fields]))
"""
PACKAGES = list(get_provider_info()["operators"][0]["python-modules"])


@pytest.mark.parametrize("name", ["provider_info.schema.json", "provider.yaml.schema.json"])
def test_the_info_fits_airflows_schema(name):
    """The metadata matches both schemas that Airflow ships, without the keys that only one of them knows."""
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
    """The entry point that Airflow looks for returns the metadata."""
    (found,) = [one for one in entry_points(group="apache_airflow_provider") if "talon_one" in one.value]
    assert get_provider_info() == found.load()()


def test_everything_that_is_named_is_there():
    """Every module and class of the metadata can be imported."""
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


def test_every_module_of_operators_is_listed_with_its_guide():
    """A new module fails here until Airflow knows it; guides and logo exist, and every page is a guide."""
    info, folder = get_provider_info(), Path(airflow_provider_talon_one.__file__).parent
    listed = {module for one in info["operators"] for module in one["python-modules"]}
    listed |= {one["python-module"] for one in info["transfers"]}
    with_operators = {
        f"{airflow_provider_talon_one.__name__}.{path.parent.name}.{path.stem}"
        for name in ("operators", "reports", "transfers")
        for path in (folder / name).glob("*.py")
        if re.search(r"^class [A-Z]\w+Operator\(", path.read_text(), re.MULTILINE)
    }
    bases = {"reports.report", "transfers.push_operator"}
    assert listed == {name for name in with_operators if not name.endswith(tuple(bases))}
    guides = {guide for one in info["integrations"] for guide in one["how-to-guide"]}
    assert {one["how-to-guide"] for one in info["transfers"]} <= guides
    root = Path(__file__).resolve().parents[2]
    files = {*guides, *(one["logo"] for one in info["integrations"])}
    assert [] == [name for name in files if not (root / name.lstrip("/")).is_file()]
    pages = {f"/docs/guides/airflow/{path.name}" for path in (root / "docs/guides/airflow").glob("*.md")}
    assert pages == guides - {"/docs/guides/airflow.md"}


def test_airflow_finds_the_example_dags():
    """Airflow 3.3 looks for them in a package with the name of the distribution."""
    module = import_module("talon_one_connector")
    assert (Path(module.__path__[0]) / "example_dags" / "talon_one_hourly_load.py").is_file()


def operators():
    """Return the operator classes by operation, read from their own calls."""
    found = {}
    for name in PACKAGES:
        module = import_module(name)
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, TalonOneOperator) and one.__module__ == name:
                found[one.__name__] = one
    return found


def test_every_operation_has_an_operator():
    """Each of the 39 operations has one operator, beside the operator of any operation."""
    import inspect

    wanted = {one.name for one in endpoints.ALL if one.api == "integration"}
    sources = {name: inspect.getsource(one) for name, one in operators().items() if one is not TalonOneOperator}
    named = {name: next(op for op in wanted if f'operation="{op}"' in source) for name, source in sources.items()}
    assert 39 == len(named)
    assert wanted == set(named.values())


def test_the_form_tells_the_real_defaults():
    """The default in a field's description is the default of its setting."""
    defaults = {setting.name: setting.default for setting in SYNC_SETTINGS}
    defaults_in_form = {
        field.setting: re.search(r"Default: (no limit|[\d,]*\d)\b", field.about) for field in FIELDS if field.setting
    }
    defaults_in_form = {name: match[1].replace(",", "") for name, match in defaults_in_form.items() if match}
    assert 7 == len(defaults_in_form)
    assert defaults_in_form == {name: str(defaults[name] or "no limit") for name in defaults_in_form}


def test_airflow_shows_every_field_in_the_form():
    """The form has every field: declared ones from Airflow 3.2 on, and before that those of the hook's methods."""
    done = subprocess.run([sys.executable, "-c", FORM], capture_output=True, text=True)
    said = [line for line in done.stdout.splitlines() if line.startswith("FORM")]
    assert said, done.stderr[-2000:]
    titles, hidden, fields = json.loads(said[0].removeprefix("FORM"))
    assert RELABELING == titles
    assert sorted(HIDDEN) == hidden
    assert {field.name: [field.label, field.about, field.secret] for field in FIELDS} == fields


def test_airflow_knows_links_and_notifier():
    """Airflow has registered the links and the notifier by their names."""
    from airflow.providers_manager import ProvidersManager

    manager, info = ProvidersManager(), get_provider_info()
    assert set(info["extra-links"]) <= set(manager.extra_links_class_names)
    assert set(info["notifications"]) <= {str(name) for name in manager.notification}
