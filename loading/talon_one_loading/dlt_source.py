"""A source of dlt: the streams of the tap as resources, with their primary keys and with state that dlt keeps.

https://dlthub.com/docs/general-usage/source
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence  # noqa: TC003 - dlt evaluates the annotations
from typing import Any

from talon_one_loading.sink import state_name
from talon_one_loading.stream_selection import select_streams
from talon_one_loading.streamed_run import StreamBatch, StreamedRun
from talon_one_singer import CatalogEntry, ConfigError, ConfigSource
from talon_one_warehouse import snake_case
from tap_talon_one.settings import SETTINGS
from tap_talon_one.streams import STREAM_GROUPS
from tap_talon_one.tap import nothing_selected

try:
    import dlt
except ImportError as error:
    raise ImportError("dlt is not installed; run: pip install 'talon-one-connector[dlt]'") from error


@dlt.source(name="talon_one", section="talon_one", max_table_nesting=0)
def talon_one_source(
    base_url: str = dlt.config.value,
    api_key: dlt.TSecretStrValue | None = None,
    management_key: dlt.TSecretStrValue | None = None,
    streams: list[str] | None = None,
    settings: dict[str, Any] | None = None,
) -> Iterator[Any]:
    """Yield a resource for each stream: Arrow tables that are merged by their primary key.

    A ledger is read from where the last run of the pipeline ended; dlt keeps this position with the data. With the
    write disposition ``replace``, a ledger is read from its start, and a read that is not complete raises an error
    instead of replacing the table.

    Args:
        base_url: your deployment; in config.toml ``[sources.talon_one] base_url``.
        api_key: Integration API key; in secrets.toml ``[sources.talon_one] api_key``.
        management_key: Management API key.
        streams: names of streams; by default all that have ids to read.
        settings: any other settings of the tap.

    Raises:
        ConfigError: a setting cannot be used, or there is nothing to read.
    """
    keys = {"base_url": base_url, "api_key": api_key, "management_key": management_key}
    loaded = _loaded({**(settings or {}), **{name: value for name, value in keys.items() if value is not None}})
    entries = select_streams(loaded, None if streams is None else ",".join(streams), argument="streams")
    if not entries:
        raise nothing_selected(loaded)
    for group in STREAM_GROUPS:
        names = {stream.name for stream in group.streams}
        chosen = [entry for entry in entries if entry.tap_stream_id in names]
        if chosen:
            yield from _resources(group.name, chosen, loaded)


def _loaded(given: Mapping[str, Any]) -> dict[str, Any]:
    settings = SETTINGS.load([ConfigSource("talon_one_source", given)])
    if settings["bad_rows"] != "fail":
        raise ConfigError("the setting bad_rows must be 'fail' with dlt, because a load of dlt has no table of rejects")
    return {**settings, "recheck_days": None}  # a resource cannot tell dlt which transactions are gone


def _resources(name: str, entries: Sequence[CatalogEntry], settings: Mapping[str, Any]) -> Iterator[Any]:
    """Yield a resource for each stream of a group, which are read by the same requests."""
    read = dlt.resource(_batches, name=f"{name}_read", selected=False)(entries, settings)
    for entry in entries:
        yield dlt.transformer(
            _rows_of,
            data_from=read,
            name=entry.stream,
            primary_key=[snake_case(field) for field in entry.key_properties],
            write_disposition="merge",
        )(entry.stream)


def _batches(entries: Sequence[CatalogEntry], settings: Mapping[str, Any]) -> Iterator[StreamBatch]:
    """Yield the batches of a group's streams, and at the end keep in dlt's state where the run has ended."""
    first, name = entries[0].stream, state_name(settings)
    state = dlt.current.resource_state(first)
    selected = dlt.current.source().resources.selected
    chosen = [entry for entry in entries if entry.stream in selected]
    replaced = {entry.stream for entry in chosen if _is_replaced(selected[entry.stream])}
    with StreamedRun(settings, chosen, {} if replaced else state.get(name, {})) as run:
        yield from run
        if unsafe := sorted(run.incomplete & replaced):
            raise ConfigError(
                f"{', '.join(unsafe)}: the read was not complete, so the table is not replaced; see the log, and run "
                "the pipeline again"
            )
        state[name] = run.state


def _is_replaced(resource: Any) -> bool:
    """Return whether the rows of a resource replace those of earlier runs."""
    given = resource.write_disposition
    return (given.get("disposition") if isinstance(given, dict) else given) == "replace"


def _rows_of(batch: StreamBatch, stream: str) -> Iterator[Any]:
    """Yield the rows of a batch if they are those of a stream."""
    if batch.stream == stream:
        yield batch.rows
