"""Table of the connection's fields, which form, hook and docs read. Imports nothing from Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONN_TYPE = "talon_one"
RELABELING = {"host": "Base URL", "password": "Integration API key"}
PLACEHOLDERS = {"host": "https://yourbaseurl.talon.one", "port": "443"}
# The port is shown because Airflow 3.3.1 and 3.3.2 cannot test a stored connection without one (apache/airflow#73298).
HIDDEN = ("login", "schema")


@dataclass(frozen=True, slots=True)
class ConnField:
    """A field of the connection's extra.

    Attributes:
        name: key in the extra.
        label: label in the form.
        about: description in the form and the docs, one sentence.
        schema: JSON schema of the value, for Airflow's form.
        setting: setting of the connector that the field sets; "" if the hook itself reads the field.
        secret: whether the value is masked in logs and pages.
        aliases: earlier names, which connections may still hold; they are aliases of the setting too.
    """

    name: str
    label: str
    about: str
    schema: dict[str, Any]
    setting: str = ""
    secret: bool = False
    aliases: tuple[str, ...] = ()


def _number(minimum: float) -> dict[str, Any]:
    return {"type": ["number", "null"], "minimum": minimum}


_SECRET = {"type": ["string", "null"], "format": "password"}

# Airflow masks an extra by the words in its name, which covers management_api_key only; the hook masks the others.
FIELDS = (
    ConnField(
        "management_api_key",
        "Management API key",
        "Optional. Needed to list programs and ids, find audiences, check attributes and verify syncs.",
        _SECRET,
        "management_key",
        secret=True,
    ),
    ConnField(
        "requests_per_second",
        "Requests per second",
        "Rate limit of the Integration API key. Default: no limit.",
        _number(0.001),
        "requests_per_second",
    ),
    ConnField(
        "management_requests_per_second",
        "Management requests per second",
        "Rate limit of each Management API endpoint. Default: 3, which is what Talon.One allows.",
        _number(0.001),
        "management_requests_per_second",
    ),
    ConnField(
        "rate_limit_url",
        "Rate limit URL",
        "Where workers share the rate limits: redis://host/0, or sqlite:///path for the processes of one machine.",
        _SECRET,
        "rate_limit_url",
        secret=True,
        aliases=("budget_url",),
    ),
    ConnField(
        "connect_timeout_seconds",
        "Connect timeout",
        "Seconds to wait for a connection. Default: 10.",
        _number(0.1),
        "connect_timeout_seconds",
    ),
    ConnField(
        "read_timeout_seconds",
        "Read timeout",
        "Seconds to wait for the next bytes of a response. Default: 60.",
        _number(0.1),
        "read_timeout_seconds",
    ),
    ConnField(
        "answer_deadline_seconds",
        "Response deadline",
        "Seconds for one complete response. Default: the remaining retry budget, at most 300.",
        _number(0.1),
        "answer_deadline_seconds",
    ),
    ConnField(
        "max_answer_bytes",
        "Maximum response size",
        "Bytes of one response, before and after decompression. Default: 134,217,728.",
        {"type": ["integer", "null"], "minimum": 1024},
        "max_answer_bytes",
    ),
    ConnField(
        "retry_budget_seconds",
        "Retry budget",
        "Seconds for which one call may be retried. Default: 300.",
        _number(0),
        "retry_budget_seconds",
    ),
    ConnField(
        "stop_grace_seconds",
        "Stop grace period",
        "Seconds that requests in flight may continue after a task is killed. Default: 5.",
        _number(0),
        "stop_grace_seconds",
    ),
    ConnField(
        "verify",
        "CA bundle",
        "File with the certificates to trust instead of those of the system.",
        {"type": ["string", "null"]},
        "ca_bundle",
    ),
    ConnField(
        "allow_http",
        "Allow http://",
        "Allow a base URL with http:// on another machine. Keys and data are then sent unencrypted.",
        {"type": ["boolean", "null"]},
        "allow_http",
    ),
    ConnField(
        "environment",
        "Environment",
        "Environment of the API key. Default: live. A push with expect_environment stops if it names the other one.",
        {"type": ["string", "null"], "enum": ["live", "sandbox"]},
    ),
)
