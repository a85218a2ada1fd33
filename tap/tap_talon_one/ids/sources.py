"""Where ids come from: the settings, a file, or the Management API; read lazily, never all at once."""

from __future__ import annotations

import hashlib
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
    from collections.abc import Iterator, Mapping

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.streams import Feed

    _Found = tuple[str, Any]  # where it is in the file, and the value


class IdChain:
    """A fingerprint of the ids seen so far, in their order: tells in constant size whether a list is the same."""

    def __init__(self) -> None:
        self._digest = b""
        self.count = 0

    def add(self, text: str) -> None:
        """The next id."""
        self.resume(self.count + 1, self.with_next(text))

    def with_next(self, text: str) -> str:
        """What the fingerprint is once ``text`` is added."""
        data = self._digest + text.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(data, digest_size=8).hexdigest()

    def resume(self, count: int, value: str) -> None:
        """Go on from a fingerprint of ``count`` ids."""
        self.count, self._digest = count, bytes.fromhex(value)

    @property
    def value(self) -> str:
        """16 hex digits."""
        return self._digest.hex()


def ids_for(feed: Feed, program: int | None, settings: Mapping[str, Any], client: TalonOneClient) -> Iterator[str]:
    """The ids that a feed reads (of a program), in the order of their source.

    A repetition right after itself is dropped.

    Raises:
        ConfigError: no source, or a file that cannot be used.
        TalonOneError: the Management API does not give them.
    """
    previous, shard = None, Shard.of(settings)
    if not feed.has_ids and shard.number > 1:
        return  # what cannot be parted is read with the first part
    for text in _source(feed, program, settings, client):
        if text != previous and (shard.takes(text) or not feed.has_ids):
            yield text
        previous = text


class Program(msgspec.Struct, rename="camel"):
    """What of a loyalty program is needed to read it."""

    id: int
    card_based: bool | None = None


class _Programs(msgspec.Struct):
    data: list[Program] = []


def program_list(client: TalonOneClient) -> list[Program]:
    """All loyalty programs.

    Raises:
        TalonOneError: the Management API does not give them.
    """
    answer: _Programs | None = client.call(ep.GET_LOYALTY_PROGRAMS, decode=msgspec.json.Decoder(_Programs).decode)
    return answer.data if answer else []


def why_unreadable(feed: Feed, settings: Mapping[str, Any]) -> str | None:
    """What to set before a feed can be read; None if there are ids (and programs) to read it for."""
    key = "api_key" if feed.endpoint.api == "integration" else "management_key"
    if not settings[key]:
        return f"set {key}"
    if feed.per_program and not settings["loyalty_program_ids"] and not settings["management_key"]:
        return "set loyalty_program_ids, or a management_key to read all programs"
    if not feed.has_ids or not listed_by_management(feed, settings):
        return None
    if settings["management_key"] and listing_of(feed, 0 if feed.per_program else None, settings) is not None:
        return None
    return _ways(feed)


def ids_total(feed: Feed, settings: Mapping[str, Any]) -> int | None:
    """How many ids there are, where that is cheap to know."""
    given = settings.get(f"{feed.entity}_ids")
    return None if given is None else sum(map(Shard.of(settings).takes, map(str, given)))


def listed_by_management(feed: Feed, settings: Mapping[str, Any]) -> bool:
    """True if the ids come from Talon.One itself, so that a new one is known to have no older rows."""
    return all(settings.get(f"{feed.entity}_{name}") is None for name in ("ids", "ids_file"))


def _source(feed: Feed, program: int | None, settings: Mapping[str, Any], client: TalonOneClient) -> Iterator[str]:
    entity = feed.entity
    if not feed.has_ids:
        return iter([""])
    if settings[f"{entity}_ids"] is not None:
        return iter([str(value) for value in settings[f"{entity}_ids"]])  # none, if a query for them gave none
    file = settings.get(f"{entity}_ids_file")
    if file is not None:
        column, limits = settings[f"{entity}_ids_column"], InputLimits.of(settings)
        return ids_in_file(file, column, setting=f"{entity}_ids_file", limits=limits)
    if settings["management_key"]:
        listing = listing_of(feed, program, settings)
        if listing is not None:
            return _listed(client, *listing)
    raise ConfigError(f"there are no {entity} ids to read; {_ways(feed)}, or deselect the stream")


def _ways(feed: Feed) -> str:
    """What to set so that there are ids."""
    if feed.entity in ("audience", "catalog"):
        return f"set {feed.entity}_ids"
    ways = f"set {feed.entity}_ids or {feed.entity}_ids_file"
    if feed.entity in ("card", "profile"):
        ways += ", or a management_key that may list them"
    if feed.entity == "session":
        ways += ", or management_key and application_id"
    return ways


def listing_of(
    feed: Feed, program: int | None, settings: Mapping[str, Any]
) -> tuple[Endpoint, dict[str, str | int], str, dict[str, Any]] | None:
    """(endpoint, path, field, query) of the list that holds the ids."""
    application = settings["application_id"]
    if feed.entity == "card" and program is not None:
        return ep.GET_LOYALTY_CARDS, {"loyaltyProgramId": program}, "identifier", {}
    if feed.entity == "profile" and application:
        return ep.GET_APPLICATION_CUSTOMERS, {"applicationId": application}, "integrationId", {}
    if feed.entity == "profile":
        return ep.GET_CUSTOMER_PROFILES, {}, "integrationId", {"sandbox": settings["sandbox"]}
    if feed.entity == "audience":
        return ep.GET_AUDIENCES, {}, "id", {}
    if feed.entity == "session" and application:
        return ep.GET_APPLICATION_SESSIONS, {"applicationId": application}, "integrationId", {}
    return None


def _listed(
    client: TalonOneClient, endpoint: Endpoint, path: dict[str, str | int], name: str, query: dict[str, Any]
) -> Iterator[str]:
    only_id = msgspec.defstruct("OnlyId", [("value", str | int | None, None)], rename={"value": name})
    decode = msgspec.json.Decoder(only_id).decode
    try:
        for page in client.paginate(endpoint, path=path, query=query, decode=decode):
            yield from (str(row.value) for row in page if row.value)
    except NotFoundError as error:
        what = ", ".join(f"{name} {value}" for name, value in path.items())
        raise ConfigError(f"Talon.One knows no {what}; check loyalty_program_ids and application_id") from error


def ids_in_file(url: str, column: str, *, setting: str, limits: InputLimits | None = None) -> Iterator[str]:
    """The values of a column of a CSV, JSON Lines or Parquet file; empty ones are left out.

    Raises:
        ConfigError: names the setting, the file and the line.
    """
    plain = url.lower().removesuffix(".gz")
    reader = next((read for suffix, read in _READERS.items() if plain.endswith(suffix)), None)
    if reader is None:
        raise ConfigError(f"{setting}: {shown_url(url)} must end in .csv, .jsonl, .ndjson or .parquet (.gz may follow)")
    for place, value in reader(url, column, setting, limits or InputLimits()):
        if value in (None, ""):
            continue
        try:
            yield id_text(value)
        except ValueError as error:
            raise ConfigError(
                f"{setting}: {shown_url(url)}{place}: column {column!r} holds what is no id: {error}"
            ) from None


@contextmanager
def _named_errors(url: str, setting: str) -> Iterator[None]:
    """Turn errors of a file into ConfigErrors that name the setting and the file."""
    try:
        yield
    except FileNotFoundError as error:
        raise ConfigError(f"{setting}: there is no file {shown_url(url)}") from error
    except InputError as error:
        place = f", line {error.line}" if error.line else ""
        raise ConfigError(f"{setting}: {shown_url(url)}{place}: {error.reason}") from error
    except ConfigError:
        raise
    except Exception as error:  # file systems of fsspec have errors of their own
        raise ConfigError(
            f"{setting}: cannot read {shown_url(url)}: {Redactor(url_secrets(url))(str(error))}"
        ) from error


@contextmanager
def _opened(url: str, setting: str, limits: InputLimits) -> Iterator[BinaryIO]:
    import fsspec

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
            place = f", line {number}"
            yield place, row[_column(column, list(row), f"{shown_url(url)}{place}", setting)]


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


def _column(column: str, there: list[str], place: str, setting: str) -> str:
    """The column that is meant, by the rule for the names of all columns."""
    choose = f"Set {setting.removesuffix('file')}column"
    twice = repeated_name(there)
    if twice is not None:
        raise ConfigError(f"{setting}: {place} has two columns named {twice!r}; rename one")
    try:
        found = find_column(column, there)
    except AmbiguousNameError as error:
        raise ConfigError(f"{setting}: {place}: {error}. {choose}") from None
    if found is None:
        listed = ", ".join(there) or "nothing"
        raise ConfigError(
            f"{setting}: {place} has no column {column!r}{nearest(column, there)}; it has: {listed}. {choose}"
        )
    return found


_READERS = {".csv": _csv, ".jsonl": _json_lines, ".ndjson": _json_lines, ".json": _json_lines, ".parquet": _parquet}
