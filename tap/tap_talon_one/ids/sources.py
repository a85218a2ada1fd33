"""The sources of ids: settings, files and lists of the Management API, all read lazily."""

from __future__ import annotations

from contextlib import contextmanager
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from talon_one_client import endpoints as ep
from talon_one_client.errors import NotFoundError
from talon_one_singer import ConfigError
from talon_one_singer.reporting.redaction import Redactor, shown_url, url_secrets
from talon_one_singer.settings.input_limits import InputError, InputLimits, unpacked
from talon_one_singer.settings.json_files import nearest
from talon_one_singer.shards import Shard
from talon_one_singer.temporary_folders import nameless_file
from talon_one_singer.values.column_names import AmbiguousNameError, find_column, repeated_name
from talon_one_singer.values.text_rows import CsvRows, json_rows
from talon_one_singer.values.value_texts import id_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.streams import StreamGroup

    _Listing = tuple[Endpoint, dict[str, str | int], str, dict[str, Any]]  # endpoint, path, field, query
    _Found = tuple[str, Any]  # position in the file (for messages), and the value


def ids_for(
    group: StreamGroup,
    program: int | None,
    settings: Mapping[str, Any],
    client: TalonOneClient,
    *,
    on_short: Callable[[], None] | None = None,
) -> Iterator[str]:
    """Yield the ids to read for a group (and program), in the order of their source.

    An id that directly repeats the one before it is skipped. ``on_short`` is called if a list ends before the number of
    ids that the server counts.

    Raises:
        ConfigError: there is no source of ids, or a file that cannot be used.
        TalonOneError: the Management API did not return the list.
    """
    previous, shard = None, Shard.of(settings)
    if not group.has_ids and shard.number > 1:
        return  # a group without ids is read by the first shard only
    for text in _source(group, program, settings, client, on_short):
        if text != previous and (shard.takes(text) or not group.has_ids):
            yield text
        previous = text


class Program(msgspec.Struct, rename="camel"):
    """The fields of a loyalty program that the tap needs."""

    id: int
    card_based: bool | None = None


class _Id(msgspec.Struct):
    id: int


def application_list(client: TalonOneClient) -> list[int]:
    """Return the ids of all Applications.

    Raises:
        TalonOneError: the Management API did not return them.
    """
    decode = msgspec.json.Decoder(_Id).decode
    return [row.id for page in client.paginate(ep.GET_APPLICATIONS, decode=decode) for row in page]


class _Programs(msgspec.Struct):
    data: list[Program] = []


def program_list(client: TalonOneClient) -> list[Program]:
    """Return all loyalty programs.

    Raises:
        TalonOneError: the Management API did not return them.
    """
    answer: _Programs | None = client.call(ep.GET_LOYALTY_PROGRAMS, decode=msgspec.json.Decoder(_Programs).decode)
    return answer.data if answer else []


def why_unreadable(group: StreamGroup, settings: Mapping[str, Any]) -> str | None:
    """Return what to set so that a group has ids (and programs) to read; None if it has them."""
    key = "api_key" if group.endpoint.api == "integration" else "management_key"
    if not settings[key]:
        return f"set {key}"
    if group.per_program and not settings["loyalty_program_ids"] and not settings["management_key"]:
        return "set loyalty_program_ids, or a management_key to read all programs"
    if not group.has_ids or not listed_by_management(group, settings):
        return None
    if settings["management_key"] and listing_of(group, 0 if group.parent else None, settings) is not None:
        return None
    return _id_settings_hint(group)


def ids_total(group: StreamGroup, settings: Mapping[str, Any]) -> int | None:
    """Return the number of ids if they are in the settings; None if they have to be counted."""
    given = settings.get(f"{group.entity}_ids")
    return None if given is None else sum(map(Shard.of(settings).takes, map(str, given)))


def listed_by_management(group: StreamGroup, settings: Mapping[str, Any]) -> bool:
    """Return True if the ids come from a list of the Management API; a new id then has no earlier rows."""
    return all(settings.get(f"{group.entity}_{name}") is None for name in ("ids", "ids_file"))


def _source(
    group: StreamGroup,
    program: int | None,
    settings: Mapping[str, Any],
    client: TalonOneClient,
    on_short: Callable[[], None] | None,
) -> Iterator[str]:
    entity = group.entity
    if not group.has_ids:
        return iter([""])
    if settings.get(f"{entity}_ids") is not None:
        # An empty list, for example the result of a query, reads nothing.
        return iter([str(value) for value in settings[f"{entity}_ids"]])
    file = settings.get(f"{entity}_ids_file")
    if file is not None:
        column, limits = settings[f"{entity}_ids_column"], InputLimits.of(settings)
        return ids_in_file(file, column, setting=f"{entity}_ids_file", limits=limits)
    if settings["management_key"]:
        listing = listing_of(group, program, settings)
        if listing is not None:
            return _listed(client, listing, on_short)
    raise ConfigError(f"there are no {entity} ids to read; {_id_settings_hint(group)}, or deselect the stream")


def _id_settings_hint(group: StreamGroup) -> str:
    """Return which settings provide ids for a group."""
    if group.entity in ("audience", "catalog", "giveaway_pool"):
        return f"set {group.entity}_ids"
    hint = f"set {group.entity}_ids or {group.entity}_ids_file"
    if group.entity in ("card", "profile"):
        hint += ", or a management_key that is permitted to list them"
    if group.entity == "session":
        hint += ", or management_key and application_id"
    return hint


def listing_of(group: StreamGroup, program: int | None, settings: Mapping[str, Any]) -> _Listing | None:
    """Return (endpoint, path, field, query) of the list that contains the ids; None if there is no such list."""
    application = settings["application_id"]
    path: dict[str, str | int] = {"applicationId": application}
    lists: dict[str, _Listing] = {
        "audience": (ep.GET_AUDIENCES, {}, "id", {}),
        "achievement": (ep.LIST_ACHIEVEMENTS_V2, {}, "id", {}),
        "collection": (ep.LIST_ACCOUNT_COLLECTIONS, {}, "id", {}),
        "profile": (ep.GET_CUSTOMER_PROFILES, {}, "integrationId", {"sandbox": settings["sandbox"]}),
    }
    if application:
        lists["profile"] = ep.GET_APPLICATION_CUSTOMERS, path, "integrationId", {}
        lists["session"] = ep.GET_APPLICATION_SESSIONS, path, "integrationId", {}
    if program is not None:
        lists["card"] = ep.GET_LOYALTY_CARDS, {"loyaltyProgramId": program}, "identifier", {}
        lists["campaign"] = ep.GET_CAMPAIGNS, {"applicationId": program}, "id", {}
        lists["collection"] = ep.LIST_COLLECTIONS_IN_APPLICATION, {"applicationId": program}, "id", {}
    return lists.get(group.entity)


def _listed(client: TalonOneClient, listing: _Listing, on_short: Callable[[], None] | None) -> Iterator[str]:
    endpoint, path, name, query = listing
    only_id = msgspec.defstruct("OnlyId", [("value", str | int | None, None)], rename={"value": name})
    decode = msgspec.json.Decoder(only_id).decode
    try:
        for page in client.paginate(endpoint, path=path, query=query, decode=decode, on_short=on_short):
            yield from (str(row.value) for row in page if row.value)
    except NotFoundError as error:
        what = ", ".join(f"{name} {value}" for name, value in path.items())
        raise ConfigError(f"Talon.One does not know {what}; check loyalty_program_ids and application_id") from error


def ids_in_file(url: str, column: str, *, setting: str, limits: InputLimits | None = None) -> Iterator[str]:
    """Yield the values of a column of a CSV, JSON Lines or Parquet file, without empty ones.

    Raises:
        ConfigError: the file cannot be used; the message names the setting, the file and the line.
    """
    plain = url.lower().removesuffix(".gz")
    reader = next((read for suffix, read in _READERS.items() if plain.endswith(suffix)), None)
    if reader is None:
        raise ConfigError(
            f"{setting}: {shown_url(url)} must end in .csv, .jsonl, .ndjson or .parquet, optionally followed by .gz"
        )
    for position, value in reader(url, column, setting, limits or InputLimits()):
        if value in (None, ""):
            continue
        try:
            yield id_text(value)
        except ValueError as error:
            raise ConfigError(
                f"{setting}: {shown_url(url)}{position}: the value in column {column!r} is not an id: {error}"
            ) from None


@contextmanager
def _named_errors(url: str, setting: str) -> Iterator[None]:
    """Translate errors of a file into ConfigErrors that name the setting and the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise ConfigError(f"{setting}: the file {shown_url(url)} does not exist") from error
    except InputError as error:
        position = f", line {error.line}" if error.line else ""
        raise ConfigError(f"{setting}: {shown_url(url)}{position}: {error.reason}") from error
    except ConfigError:
        raise
    except Exception as error:  # the file systems of fsspec raise errors of any class
        raise ConfigError(
            f"{setting}: cannot read {shown_url(url)}: {Redactor(url_secrets(url))(str(error))}"
        ) from error


@contextmanager
def _opened(url: str, setting: str, limits: InputLimits) -> Iterator[BinaryIO]:
    import fsspec  # slow to import, and needed only with a file of ids

    with _named_errors(url, setting), fsspec.open(url, "rb") as file:
        yield unpacked(file, "gzip" if url.lower().endswith(".gz") else None, limits)


def _csv(url: str, column: str, setting: str, limits: InputLimits) -> Iterator[_Found]:
    with _opened(url, setting, limits) as file:
        rows = CsvRows(file, limits)
        at = rows.columns.index(_column(column, rows.columns, shown_url(url), setting))
        for line, row in rows:
            yield f", line {line}", row[at]


def _json_lines(url: str, column: str, setting: str, limits: InputLimits) -> Iterator[_Found]:
    with _opened(url, setting, limits) as file:
        for number, row in json_rows(file, limits):
            position = f", line {number}"
            yield position, row[_column(column, list(row), f"{shown_url(url)}{position}", setting)]


def _parquet(url: str, column: str, setting: str, limits: InputLimits) -> Iterator[_Found]:
    try:
        import pyarrow.parquet as pq

        from talon_one_singer.values.arrow_values import Conversion
    except ImportError as error:
        raise ConfigError(f"{setting}: Parquet needs pyarrow: pip install 'talon-one-connector[warehouse]'") from error
    with _opened(url, setting, limits) as file, nameless_file() as copy:
        if url.lower().endswith(".gz"):  # Parquet is read from its end
            copyfileobj(file, copy)
        parquet = pq.ParquetFile(copy if copy.tell() else file)
        name = _column(column, parquet.schema_arrow.names, shown_url(url), setting)
        field = parquet.schema_arrow.field(name)
        for batch in parquet.iter_batches(columns=[name]):
            for value in Conversion().values(batch.column(0), field):
                yield "", value


def _column(column: str, columns: list[str], where: str, setting: str) -> str:
    """Return the name of the column as the file spells it."""
    choose = f"Set {setting.removesuffix('file')}column"
    twice = repeated_name(columns)
    if twice is not None:
        raise ConfigError(f"{setting}: {where} has two columns named {twice!r}; rename one of them")
    try:
        found = find_column(column, columns)
    except AmbiguousNameError as error:
        raise ConfigError(f"{setting}: {where}: {error}. {choose}") from None
    if found is None:
        listed = ", ".join(columns) or "none"
        raise ConfigError(
            f"{setting}: {where} has no column {column!r}{nearest(column, columns)}; "
            f"its columns are: {listed}. {choose}"
        )
    return found


_READERS = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_lines, ".parquet": _parquet}
