"""URLs of databases that are read by their own client."""

from __future__ import annotations

import sys

import pytest

from talon_one_warehouse import SourceSpec, WarehouseConfigError
from talon_one_warehouse.connections import bigquery, mysql, redshift, snowflake
from talon_one_warehouse.connections.client_url import client_url, flag
from talon_one_warehouse.sources.spec import CLIENTS
from tests.source_files import refusal

MODULES = {
    "snowflake://": "snowflake.connector",
    "bigquery://": "google.cloud.bigquery",
    "redshift://": "redshift_connector",
    "mysql://": "pymysql",
}
CONNECTIONS = {"snowflake://": snowflake, "bigquery://": bigquery, "redshift://": redshift, "mysql://": mysql}


def test_every_client_is_walked():
    """The tests below try every client."""
    assert set(CLIENTS) == set(MODULES) == set(CONNECTIONS)


@pytest.mark.parametrize("scheme", CLIENTS)
def test_a_client_that_is_not_installed_is_named_with_the_extra_that_installs_it(monkeypatch, scheme):
    """The message of every client names the client and its own extra."""
    package = MODULES[scheme]
    for name in {package, *(name for name in sys.modules if name.startswith(f"{package}."))}:
        monkeypatch.setitem(sys.modules, name, None)
    message = refusal(SourceSpec(f"{scheme}host/d", sql="SELECT 1"))
    extra = scheme.removesuffix("://")
    assert f"{package} is not installed; run: pip install 'talon-one-connector[{extra}]'" == message


@pytest.mark.parametrize("scheme", CLIENTS)
def test_an_unknown_parameter_is_named_with_those_that_there_are(scheme):
    """A mistyped parameter is an error that lists all parameters."""
    message = refusal(SourceSpec(f"{scheme}host/d?regoin=x", sql="SELECT 1"))
    assert f"{scheme} has no parameter 'regoin'; it has {', '.join(CONNECTIONS[scheme]._PARAMETERS)}" == message


@pytest.mark.parametrize("scheme", CLIENTS)
@pytest.mark.parametrize("password", ["pa?planted", "pa?planted=1", "pa?x=1&planted", "?planted"])
def test_a_password_with_a_question_mark_is_not_shown_as_a_parameter(scheme, password):
    """A password whose ? is not encoded seems to begin the parameters; no part of it is in the message."""
    message = refusal(SourceSpec(f"{scheme}user:{password}@host/d", sql="SELECT 1"))
    assert "in user and password ? is written %3F" in message
    assert "planted" not in message


@pytest.mark.parametrize("value", ["ture", "required", ""])
@pytest.mark.parametrize(
    ("scheme", "name"),
    [(scheme, name) for scheme in CLIENTS for name, kind in CONNECTIONS[scheme]._PARAMETERS.items() if kind is flag],
)
def test_a_parameter_that_is_neither_true_nor_false_is_refused(scheme, name, value):
    """No other word means false, which would turn off the check of a certificate, say."""
    message = refusal(SourceSpec(f"{scheme}host/d?{name}={value}", sql="SELECT 1"))
    assert f"the parameter {name} of the {scheme} URL must be true or false" == message


@pytest.mark.parametrize(
    "url", ["snowflake://host/d?port=x", "mysql://host/d?connect_timeout=1.5", "mysql://host/d?connect_timeout=²"]
)
def test_a_parameter_that_is_no_number_is_refused(url):
    """A number that is none is an error that names the parameter."""
    assert " URL must be a whole number" in refusal(SourceSpec(url, sql="SELECT 1"))


@pytest.mark.parametrize(
    ("text", "expected"), [("true", True), ("ON", True), ("1", True), ("No", False), ("off", False)]
)
def test_words_for_true_and_false_are_converted(text, expected):
    """The usual words for true and false are accepted, in any case."""
    url = client_url("x", f"h/d?on={text}", parameters={"on": flag}, example="x://h", depth=1)
    assert {"on": expected} == url.parameters


@pytest.mark.parametrize("scheme", CLIENTS)
def test_a_path_with_too_many_parts_is_refused_with_an_example(scheme):
    """The error shows what a URL looks like."""
    message = refusal(SourceSpec(f"{scheme}host/a/b/c", sql="SELECT 1"))
    assert f"URL has too many parts; it looks like {CONNECTIONS[scheme].EXAMPLE}" in message


@pytest.mark.parametrize("port", ["x", "65536", "-1", "²"])
def test_a_port_that_is_none_is_refused_without_showing_it(port):
    """A port that is not a number may be a part of the password."""
    with pytest.raises(WarehouseConfigError, match="port that is not a number; it looks like x://h") as caught:
        client_url("x", f"h:{port}/d", parameters={}, example="x://h", depth=1)
    assert f":{port}" not in str(caught.value)


def test_a_url_of_bigquery_with_a_login_is_refused():
    """BigQuery knows no password; the error says where the credentials come from."""
    assert "names neither user nor password nor port" in refusal(SourceSpec("bigquery://u:p@project", sql="SELECT 1"))


def test_the_port_of_an_account_of_snowflake_is_used():
    """A port after the account reaches the connector."""
    assert 8443 == snowflake._parsed("u@account:8443/d", None)[1]["port"]
