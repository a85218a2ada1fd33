"""Settings of the connection, which tap, target, syncs and the Airflow hook share."""

from __future__ import annotations

from talon_one_singer.settings.setting import Setting
from talon_one_singer.settings.table import SettingsTable

KEYS = (
    Setting("base_url", "string", "Your deployment, like https://yourbaseurl.talon.one.", required=True),
    Setting("api_key", "string", "Integration API key; it belongs to one Application.", secret=True),
)

MANAGEMENT_KEY = Setting("management_key", "string", "Management API key, optional.", secret=True)

CALLS = (
    Setting(
        "requests_per_second",
        "number",
        "Rate limit of the Integration API key, in requests a second.",
        minimum=0.001,
        maximum=1e6,
    ),
    Setting(
        "management_requests_per_second",
        "number",
        "Rate limit of each Management API endpoint; Talon.One allows 3 requests a second.",
        default=3,
        minimum=0.001,
        maximum=1e6,
    ),
    Setting(
        "rate_limit_url",
        "string",
        "Share the rate limits: sqlite:///path with processes on this machine, redis://host/0 with other machines.",
        secret=True,
        aliases=("budget_url",),
    ),
    Setting("connect_timeout_seconds", "number", "Timeout of connecting.", default=10, minimum=0.1, maximum=3600),
    Setting(
        "read_timeout_seconds",
        "number",
        "Timeout of waiting for the next bytes of an answer.",
        default=60,
        minimum=0.1,
        maximum=86_400,
    ),
    Setting(
        "answer_deadline_seconds",
        "number",
        "Timeout of one complete answer; by default what remains of retry_budget_seconds, at most 300 and never "
        "less than read_timeout_seconds.",
        minimum=0.1,
        maximum=86_400,
    ),
    Setting(
        "max_answer_bytes",
        "integer",
        "Largest answer, before and after decompression; raise it for CSV exports of very large programs.",
        default=128 * 1024 * 1024,
        minimum=1024,
        maximum=2**40,
    ),
    Setting(
        "retry_budget_seconds",
        "number",
        "How long one call is retried at most.",
        default=300,
        minimum=0,
        maximum=604_800,
    ),
    Setting(
        "stop_grace_seconds",
        "number",
        "How long requests in flight may continue after SIGTERM or SIGINT before they are cut off.",
        default=5,
        minimum=0,
        maximum=3600,
    ),
    Setting(
        "transport",
        "string",
        "auto sends requests with libcurl, which takes the least CPU time; requests sends them with the Python library "
        "requests.",
        default="auto",
        allowed=("auto", "requests"),
    ),
    Setting("ca_bundle", "string", "File of certificates to trust instead of the system's.", is_path=True),
    Setting(
        "allow_http",
        "boolean",
        "Call a base_url with http:// that is not on this machine, which sends keys and data unencrypted.",
        default=False,
    ),
)

# For programs whose only settings are those of the connection.
CONNECTION_SETTINGS = SettingsTable("TALON_ONE", (*KEYS, MANAGEMENT_KEY, *CALLS))
