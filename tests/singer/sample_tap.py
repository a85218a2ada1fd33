"""A tap of two streams whose rows are made up; the setting ``behavior`` says how it goes wrong."""

import threading

from talon_one_singer import (
    Catalog,
    CatalogEntry,
    RunContext,
    Setting,
    SettingsTable,
    TapDefinition,
)
from talon_one_singer.cli.tap_cli import tap_command
from talon_one_singer.protocol.selection import selected_schema

SETTINGS = SettingsTable(
    "TAP_SAMPLE",
    [
        Setting("api_key", "string", "The key.", required=True, secret=True),
        Setting("pages", "integer", "How many pages.", default=2, minimum=1),
        Setting("start_date", "date-time", "Where to begin."),
        Setting(
            "behavior",
            "string",
            "How it goes.",
            default="well",
            allowed=("well", "endless", "stubborn", "bug", "expected"),
        ),
    ],
)
ROW_SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}


class ServerError(Exception):
    """An error that the tap expects."""


def discover(_settings) -> Catalog:
    """Two streams, the second not selected by default."""
    return Catalog(
        (
            CatalogEntry.discovered("users", ROW_SCHEMA, ["id"]),
            CatalogEntry.discovered("orders", ROW_SCHEMA, ["id"], selected_by_default=False),
        )
    )


def check(context: RunContext) -> None:
    """One row of the first stream."""
    context.writer.records("users", [b'{"id":0,"name":"Ada"}'])


def sync(context: RunContext) -> None:
    """Pages of 100 rows; the state is the number of pages."""
    key = context.settings["api_key"].reveal()
    if context.settings["behavior"] == "bug":
        raise RuntimeError(f"the server does not like {key}")
    if context.settings["behavior"] == "expected":
        raise ServerError(f"401 for the key {key}")
    if context.settings["behavior"] == "stubborn":
        context.writer.state({"waiting": True})
        context.stop.wait(60)
        context.writer.state({"stop seen": True})
        threading.Event().wait()
    for entry in context.selected:
        _sync_stream(context, entry)


def _sync_stream(context: RunContext, entry: CatalogEntry) -> None:
    context.writer.schema(entry.stream, selected_schema(entry), entry.key_properties)
    endless = context.settings["behavior"] == "endless"
    page = context.state.bookmark(entry.stream).get("pages", 0)
    while (endless or page < context.settings["pages"]) and not context.stop.is_set():
        rows = [b'{"id":%d,"name":"Ada"}' % (page * 100 + n) for n in range(100)]
        context.writer.records(entry.stream, rows, "2026-01-01T00:00:00Z")
        context.metrics.records(entry.stream, len(rows))
        page += 1
        context.state.set_bookmark(entry.stream, {"pages": page})
        context.writer.state(context.state.to_dict())
        context.tick()


def definition() -> TapDefinition:
    """The tap."""
    return TapDefinition(
        name="tap-sample",
        version="1.2.3",
        settings=SETTINGS,
        catalog=discover,
        sync=sync,
        test=check,
        description="Reads nothing from nowhere.",
        expected_errors={ServerError: 1},
        report_url="https://example.com/issues",
    )


if __name__ == "__main__":
    tap_command(definition())()
