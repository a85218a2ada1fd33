"""The hook: connection, secrets, data frames."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Asset

from airflow_provider_talon_one.assets import sanitize_uri, talon_one_asset
from airflow_provider_talon_one.connection_fields import FIELDS
from airflow_provider_talon_one.hooks.talon_one import TalonOneHook
from airflow_provider_talon_one.triggers.talon_one import TalonOneTrigger
from talon_one_client.connection.settings import CONNECTION_SETTINGS
from talon_one_singer.reporting.logs import Redactor
from tap_talon_one.settings import SETTINGS
from target_talon_one.settings import SYNC_SETTINGS


def test_the_connection_becomes_a_client(emu, connection):
    """The client has the keys, rate limits and timeouts of the connection."""
    connection(requests_per_second=5, connect_timeout_seconds="3", environment="sandbox")
    hook = TalonOneHook()
    config = hook.client.config
    assert emu.url == config.base_url
    assert 5.0 == config.requests_per_second
    assert 3.0 == config.connect_timeout_s
    assert "sandbox" == hook.environment
    assert 2 == len(hook.get_conn().get_loyalty_programs()["data"])
    hook.close()


def test_making_a_hook_sends_nothing_and_asks_for_nothing():
    """A hook is created without reading its connection."""
    assert "nowhere" == TalonOneHook("nowhere").talon_one_conn_id


def test_a_stream_as_a_data_frame(emu, connection):
    """Amounts are Decimals and timestamps have a time zone."""
    emu.add("cards", {"program": 1, "identifier": "card-1"})
    emu.add_transactions([{"program": 1, "card": "card-1", "amount": amount} for amount in ("0.1", "1e-7")])
    hook = TalonOneHook()
    frame = hook.get_df("loyalty_card_transactions", loyalty_program_ids=[1], card_ids=["card-1"], settle_seconds=0)
    assert {Decimal("0.1"), Decimal("1e-7")} == {value.normalize() for value in frame["amount"]}
    assert "UTC" == str(frame["created"].dt.tz)
    assert 2 == hook.get_arrow("loyalty_card_transactions", card_ids=["card-1"], settle_seconds=0).num_rows


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"environment": "production"}, "must be live or sandbox"),
        ({"requests_per_second": "many"}, "many"),
    ],
)
def test_an_extra_that_cannot_be_used_is_reported(connection, extra, words):
    """A wrong extra fails the task without a retry and names the field."""
    connection(**extra)
    with pytest.raises(AirflowFailException) as raised:
        _ = TalonOneHook().client
    assert words in str(raised.value)


def test_a_wrong_field_is_named_as_it_was_written(connection):
    """Near misses of all fields, and settings that fields set, are named as written, with the field to write."""
    near = {f"{field.name[:-1]}{end}": field.name for field in FIELDS for end in ("", f"{field.name[-1]}s")}
    settings = {field.setting: field.name for field in FIELDS if field.setting not in {"", field.name}}
    hints = {wrong: f"did you mean {right!r}?" for wrong, right in (near | settings).items()}
    hints["base_url"], hints["api_key"] = (
        f"give it as the {field} of the connection" for field in ("host", "password")
    )
    for wrong, hint in hints.items():
        connection(**{wrong: "x"})
        with pytest.raises(AirflowFailException) as raised:
            _ = TalonOneHook().client
        assert f"the extra of the connection talon_one_default has no field {wrong!r}; {hint}" == str(raised.value)


@pytest.mark.parametrize(
    ("host", "port", "base_url"),
    [
        ("shop.talon.one", None, "https://shop.talon.one"),
        ("https://shop.talon.one", 443, "https://shop.talon.one"),
        ("http://127.0.0.1:8000", 8000, "http://127.0.0.1:8000"),
        ("http://127.0.0.1", 8000, "http://127.0.0.1:8000"),
    ],
)
def test_the_port_belongs_to_the_base_url(monkeypatch, host, port, base_url):
    """The port is accepted in the host or beside it."""
    value = {"conn_type": "talon_one", "host": host, "port": port, "password": "key-beside-a-port"}
    monkeypatch.setenv("AIRFLOW_CONN_TALON_ONE_DEFAULT", json.dumps(value))
    assert base_url == TalonOneHook().values["base_url"]


def test_two_ports_are_reported(monkeypatch):
    """Two different ports are an error that names both."""
    value = {"conn_type": "talon_one", "host": "http://127.0.0.1:8000", "port": 8001, "password": "key-beside-a-port"}
    monkeypatch.setenv("AIRFLOW_CONN_TALON_ONE_DEFAULT", json.dumps(value))
    with pytest.raises(AirflowFailException, match="port 8000 and the connection 8001"):
        _ = TalonOneHook().values


def test_the_test_button_tells_which_key_works(emu, connection):
    """The result names the wrong key and does not show its value."""
    good, said = TalonOneHook().test_connection()
    assert good, said
    connection(management_api_key="planted-and-wrong")
    good, said = TalonOneHook().test_connection()
    assert not good
    assert "planted" not in said
    assert emu.api_key not in said


def test_secrets_are_masked_in_what_airflow_shows(emu, connection):
    """The password and every secret of the extra are masked."""
    from airflow_provider_talon_one.airflow_compat.masking import redact

    connection(rate_limit_url="redis://:planted-budget-secret@127.0.0.1:9/0")
    values = TalonOneHook().values
    shown = json.dumps(redact({"said": f"{values}", "key": f"key={emu.api_key}"}))
    for secret in (emu.api_key, emu.management_key, "planted-budget-secret"):
        assert secret not in shown


def test_a_connection_may_hold_an_earlier_name_of_a_field(connection, caplog):
    """The earlier name sets the setting, is masked, and logs a deprecation note."""
    from airflow_provider_talon_one.airflow_compat.masking import redact

    url = "sqlite:////tmp/planted-earlier-secret.db"
    connection(budget_url=url)
    settings = TalonOneHook().settings(CONNECTION_SETTINGS, {}, Redactor())
    assert url == settings["rate_limit_url"].reveal()
    assert "planted-earlier-secret" not in json.dumps(redact({"said": url}))
    assert any("'budget_url'" in record.getMessage() for record in caplog.records)


def test_a_trigger_survives_serialization():
    """Class path and arguments make an equal trigger."""
    trigger = TalonOneTrigger("audience_of_size", {"audience_id": 1, "at_least": 2}, "talon_one_default", 5.0, 1e9)
    path, arguments = trigger.serialize()
    assert path.endswith("TalonOneTrigger")
    assert arguments == TalonOneTrigger(**arguments).serialize()[1]


@pytest.mark.parametrize("uri", ["talonone://host", "talonone://host/audience/7", "talonone:///audiences/7"])
def test_an_asset_that_names_nothing_is_refused(uri):
    """A wrong URI is refused when the DAG is parsed."""
    from urllib.parse import urlsplit

    with pytest.raises(ValueError, match="talonone://host/kind/id"):
        sanitize_uri(urlsplit(uri))


def test_airflow_asks_the_provider_about_an_asset(airflow_version):
    """Airflow 3 refuses the DAG; Airflow 2 warns, and does not refuse unless its configuration says so."""
    assert "talonone://host/audiences/7" == Asset("talonone://host/audiences/7/").uri
    refusal = (
        pytest.raises(ValueError, match=r"host/kind/id")
        if airflow_version >= (3, 0)
        else pytest.warns(UserWarning, match=r"host/kind/id")
    )
    with refusal:
        Asset("talonone://host/audience/7")


def test_an_asset_names_host_kind_and_id():
    """The URI has the host with and without https:// in the connection."""
    for url in ("https://shop.talon.one", "shop.talon.one"):
        assert "talonone://shop.talon.one/audiences/7" == talon_one_asset(url, "audiences", 7).uri


@pytest.mark.parametrize("table", [SETTINGS, SYNC_SETTINGS], ids=["tap", "target"])
def test_numbers_that_a_form_gives_as_text_reach_loads_and_pushes_too(emu, connection, table):
    """A number that the form stores as text is a number in the settings of tap and target."""
    connection(connect_timeout_seconds="3")
    settings = TalonOneHook().settings(table, {}, Redactor())
    assert emu.url == settings["base_url"]
    assert 3 == settings["connect_timeout_seconds"]
