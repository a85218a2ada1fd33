"""Messages name what their reader knows: fields of the connection, and parameters of the operator."""

from __future__ import annotations

import pytest

from airflow_provider_talon_one.reporting.words import FIELD_NAMES, in_task_words
from tap_talon_one.settings import SETTINGS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("needs the key; set management_key", "needs the key; set management_api_key (management_api_key is a field"),
        ("check api_key, and this base_url", "check password, and this host (password and host are fields of the"),
        ("check source.url", "check source_url or source_conn_id"),
        ("--streams: there is no stream 'x'", "streams: there is no stream 'x'"),
        ("leave out --full-refresh", "leave out full_refresh"),
        ("run talon-one migrate-lake --to lake", "run talon-one migrate-lake --to lake"),
        ("set management_api_key", "set management_api_key"),
        ("has no field 'management_key'; see", "has no field 'management_key'; see"),
        ("https://host/path?api_key=1", "https://host/path?api_key=1"),
    ],
)
def test_a_setting_is_named_as_the_field_that_sets_it(text, expected):
    """A setting or option gets its name in Airflow, and what is no setting stays as it is."""
    assert in_task_words(text).startswith(expected)


def test_every_setting_with_another_name_is_known():
    """The table has the fields whose settings are called otherwise, host and password among them."""
    assert {"base_url", "api_key", "management_key", "ca_bundle"} == set(FIELD_NAMES)
    assert set(FIELD_NAMES) <= {setting.name for setting in SETTINGS.settings}
    assert not any(name in in_task_words(f"check {name} now") for name in ("base_url", "ca_bundle", "management_key"))
