"""The connection's fields: one row each; form, hook and docs read this table. Imports nothing of Airflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONN_TYPE = "talon_one"
RELABELING = {"host": "Base URL", "password": "Integration API key"}
PLACEHOLDERS = {"host": "https://yourbaseurl.talon.one", "port": "443"}
# The port is shown because Airflow 3.3.1 and 3.3.2 test no stored connection without one (apache/airflow#73298).
HIDDEN = ("login", "schema")


@dataclass(frozen=True, slots=True)
class ConnField:
    """A field of the connection's extra.

    Attributes:
        name: in the extra.
        label: in the form.
        about: one sentence.
        schema: JSON schema of its value, as Airflow's form wants it.
        setting: the connector's setting that it sets; "" if it is read by the hook itself.
        secret: its value is masked everywhere.
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

# Airflow masks extras by words in their names; management_api_key has one, and the hook masks the others.
FIELDS = (
    ConnField(
        "management_api_key",
        "Management API key",
        "Optional: lists programs and ids, finds audiences, checks attributes, verifies.",
        _SECRET,
        "management_key",
        secret=True,
    ),
    ConnField(
        "requests_per_second",
        "Requests a second",
        "Rate limit of the Integration API key; no limit unless set.",
        _number(0.001),
        "requests_per_second",
    ),
    ConnField(
        "management_requests_per_second",
        "Management requests a second",
        "Rate limit of each Management API endpoint; 3 unless set, which is what Talon.One allows.",
        _number(0.001),
        "management_requests_per_second",
    ),
    ConnField(
        "rate_limit_url",
        "Rate limit URL",
        "Share the rate limits: redis://host/0 with other workers, sqlite:///path with processes on this machine.",
        _SECRET,
        "rate_limit_url",
        secret=True,
        aliases=("budget_url",),
    ),
    ConnField(
        "connect_timeout_seconds",
        "Connect time-out",
        "Seconds to wait for a connection; 10 unless set.",
        _number(0.1),
        "connect_timeout_seconds",
    ),
    ConnField(
        "read_timeout_seconds",
        "Read time-out",
        "Seconds to wait for the next bytes of an answer; 60 unless set.",
        _number(0.1),
        "read_timeout_seconds",
    ),
    ConnField(
        "answer_deadline_seconds",
        "Answer deadline",
        "Seconds for one whole answer; what is left of the retry budget, at most 300, unless set.",
        _number(0.1),
        "answer_deadline_seconds",
    ),
    ConnField(
        "max_answer_bytes",
        "Largest answer",
        "Bytes of one answer, before and after decompression; 134,217,728 unless set.",
        {"type": ["integer", "null"], "minimum": 1024},
        "max_answer_bytes",
    ),
    ConnField(
        "retry_budget_seconds",
        "Retry budget",
        "Seconds for which one call is tried again, at most; 300 unless set.",
        _number(0),
        "retry_budget_seconds",
    ),
    ConnField(
        "stop_grace_seconds",
        "Stop grace",
        "Seconds that requests under way may go on after a task was killed; 5 unless set.",
        _number(0),
        "stop_grace_seconds",
    ),
    ConnField(
        "verify",
        "CA bundle",
        "File of certificates to trust instead of the system's.",
        {"type": ["string", "null"]},
        "ca_bundle",
    ),
    ConnField(
        "allow_http",
        "Allow http://",
        "Call a base URL with http:// that is not on this machine, which sends keys and data unencrypted.",
        {"type": ["boolean", "null"]},
        "allow_http",
    ),
    ConnField(
        "environment",
        "Environment",
        "What the API key belongs to, live unless set; a push with expect_environment stops in the other one.",
        {"type": ["string", "null"], "enum": ["live", "sandbox"]},
    ),
)
