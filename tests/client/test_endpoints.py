"""The endpoint table, the methods and the shipped schemas agree."""

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import talon_one_schemas
from talon_one_client import TalonOneClient, endpoints
from talon_one_client.operations.typed_calls import Operations

ROOT = Path(__file__).parents[2]
BUILTIN = {"type": "attribute_type"}  # would hide a Python name
rows = pytest.mark.parametrize("row", endpoints.ALL, ids=lambda row: row.name)


def snake(name):
    """``transactionUUIDs`` -> ``transaction_uuids``."""
    joined = re.sub(r"(ID|UUID)s$", lambda found: found[1].title() + "s", name)
    return BUILTIN.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", joined).lower()


def test_all_operations_are_there():
    """The table has 39 operations of the Integration API and 51 of the Management API, without duplicates."""
    names = {row.name for row in endpoints.ALL}
    assert 39 == len(endpoints.INTEGRATION)
    assert 51 == len(endpoints.MANAGEMENT)
    assert 90 == len(names)
    assert 90 == len({row.operation_id for row in endpoints.ALL}) == len({(r.method, r.path) for r in endpoints.ALL})


@rows
def test_a_row_has_a_method_with_its_parameters(row):
    """A method has path parameters first, then the body, then query parameters by keyword, by their Python names."""
    signature = inspect.signature(getattr(TalonOneClient, row.name)).parameters
    given = [p.name for p in signature.values() if p.name != "self" and p.kind is p.POSITIONAL_OR_KEYWORD]
    body = ["csv"] if row.request_media == "multipart" else ["body"] if row.request else []
    assert [snake(param.name) for param in row.path_params] + body == given
    keywords = {p.name for p in signature.values() if p.kind is p.KEYWORD_ONLY}
    expected = {snake(param.name) for param in row.query}
    assert expected | ({"idempotency_key"} if row.idempotency_key else set()) == keywords
    required = {snake(param.name) for param in row.query if param.required}
    assert required == {name for name in keywords if signature[name].default is inspect.Parameter.empty}


def test_no_method_is_without_a_row():
    """Every public method of the mixins has a row in the endpoint table."""
    mixins = [kind for kind in TalonOneClient.__mro__ if issubclass(kind, Operations)]
    public = [name for kind in mixins[1:] for name in vars(kind) if not name.startswith("_")]
    assert sorted(row.name for row in endpoints.ALL) == sorted(public)


@rows
def test_a_row_is_complete(row):
    """A row's path holds its parameters, its schemas are shipped, and its method names the vendor's page."""
    assert [param.name for param in row.path_params] == re.findall(r"{(\w+)}", row.path)
    assert snake(row.operation_id.replace("V2", "_v2")) == row.name
    for name in filter(None, row.responses.values()):
        assert name == talon_one_schemas.record(name)["title"]
    assert row.request is None or row.request == talon_one_schemas.request(row.request)["title"]
    assert row.doc_url in inspect.getdoc(getattr(TalonOneClient, row.name))
    assert row.paged == ("pageSize" in row.query_by_name)
    assert row is endpoints.find(row.name) is endpoints.find(row.operation_id)


def test_nothing_unknown_is_found():
    """A name that is no operation returns None."""
    assert None is endpoints.find("getEverything")


def test_idempotency_keys_and_conflicts():
    """Six operations document an Idempotency-Key, four a 409 for requests in flight, two for an existing name."""
    assert {
        "update_customer_session_v2",
        "return_cart_items",
        "reopen_customer_session",
        "update_customer_profile_v2",
        "update_customer_profiles_v2",
        "track_event_v2",
    } == {row.name for row in endpoints.ALL if row.idempotency_key}
    in_flight = {"update_customer_profile_v2", "update_customer_session_v2", "track_event_v2"}
    assert in_flight == {row.name for row in endpoints.ALL if row.conflict == "concurrency"}
    assert in_flight | {"track_event_v3"} == {row.name for row in endpoints.ALL if row.max_in_flight == 3}
    assert ["track_event_v3"] == [row.name for row in endpoints.ALL if row.conflict == "either"]
    assert ["create_audience_v2"] == [row.name for row in endpoints.ALL if row.conflict == "exists"]


def test_reads_may_be_repeated_and_destroy_nothing():
    """Every GET is repeatable and not destructive, and so is the one POST that reads."""
    assert ["best_prior_price"] == [row.name for row in endpoints.ALL if row.reads]
    for row in endpoints.ALL:
        if row.method == "GET" or row.reads:
            assert True is row.repeatable
            assert False is row.destructive
            assert False is row.writes


def test_page_sizes():
    """The older era allows 50 rows a page for the ledgers of profiles and programs, and 1,000 for all other lists."""
    small = {"get_loyalty_program_profile_transactions", "get_loyalty_program_transactions"}
    paged = [row for row in endpoints.ALL if row.paged]
    assert small == {row.name for row in paged if row.max_page_size("seed") == 50}
    assert {1000} == {row.max_page_size("current") for row in paged}


def test_the_shipped_schemas_are_current():
    """The shipped schemas are what the build script makes of their source."""
    command = [sys.executable, ROOT / "scripts" / "build_schemas.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 0 == done.returncode
    assert "" == done.stderr


SHIPPED = [
    (kind, name)
    for kind, get in (("requests", talon_one_schemas.request), ("records", talon_one_schemas.record))
    for name in talon_one_schemas.names(kind)
]


@pytest.mark.parametrize(("kind", "name"), SHIPPED)
def test_a_shipped_schema_is_valid_and_flat(kind, name):
    """Each schema is valid draft 2020-12 without any ``$ref``, which Singer readers do not resolve."""
    schema = (talon_one_schemas.request if kind == "requests" else talon_one_schemas.record)(name)
    Draft202012Validator.check_schema(schema)
    assert "https://json-schema.org/draft/2020-12/schema" == schema["$schema"]
    assert '"$ref"' not in json.dumps(schema)


def test_every_shipped_schema_is_used():
    """Every schema is used by a row, by the errors, or as the older shape of a balance."""
    used = {name for row in endpoints.ALL for name in (row.request, *row.responses.values()) if name}
    used |= {"ErrorResponse", "ErrorResponseWithStatus", "LoyaltyBalances"}
    assert used == {name for _, name in SHIPPED}
