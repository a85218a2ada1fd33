"""The target's settings: one row each; ``--about``, the docs and meltano.yml are made from this table."""

from __future__ import annotations

from talon_one_client.connection.settings import CALLS, KEYS
from talon_one_singer import Setting, SettingsTable
from talon_one_singer.settings.input_limits import INPUT

SYNC = (
    Setting(
        "environment",
        "string",
        "What the API key belongs to; for the guard expect_environment.",
        default="live",
        allowed=("live", "sandbox"),
    ),
    Setting(
        "store",
        "string",
        "Where to keep what Talon.One has acknowledged: a file, a folder at an fsspec URL (s3://…) or postgresql://…. "
        "Without it the next run sends everything again and a mirror removes nobody.",
        default="talon-one-store.duckdb",
    ),
    Setting("rejects_directory", "string", "Where files of refused rows go.", default="rejects", is_path=True),
    Setting(
        "results_directory",
        "string",
        "Where answers worth keeping go: referral codes, effects.",
        default="results",
        is_path=True,
    ),
    Setting(
        "mask_rejects",
        "boolean",
        "Rejects files hold hashes of keys and no rows, for personal data.",
        default=False,
    ),
    Setting(
        "concurrency",
        "integer",
        "Requests in flight at most; catalogs always have one.",
        default=4,
        minimum=1,
        maximum=256,
    ),
)

_MANAGEMENT_KEY = Setting(
    "management_key",
    "string",
    "Management API key, optional: finds audiences, checks attributes and profiles before anything is sent.",
    secret=True,
)

# What a SYNC.yml may hold beside its syncs.
SYNC_SETTINGS = SettingsTable("TALON_ONE", (*KEYS, _MANAGEMENT_KEY, *SYNC, *INPUT, *CALLS))

SETTINGS = SettingsTable(
    "TARGET_TALON_ONE",
    (
        *KEYS,
        _MANAGEMENT_KEY,
        Setting("streams", "object", "For each incoming stream its sink, mode, key, map and guards.", required=True),
        Setting(
            "unknown_streams",
            "string",
            "Streams that are not in streams: error reads the others and then fails, ignore leaves them out.",
            default="error",
            allowed=("error", "ignore"),
        ),
        *SYNC,
        Setting(
            "rows_per_flush",
            "integer",
            "Rows are sent when so many have come, or at the end; with a mirror only at the end.",
            default=100_000,
            minimum=1,
            maximum=1e9,
        ),
        *INPUT,
        *CALLS,
    ),
)
