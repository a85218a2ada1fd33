"""Check which keys work, what they may read, and how far the clocks are apart, without writing anything."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from talon_one_client import endpoints as ep
from talon_one_client import errors as e
from talon_one_client.connection.server_clock import TOLERANCE_S
from talon_one_client.http.executor import RequestExecutor
from talon_one_singer.settings.secret import Secret

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint

_NOBODY = f"talon-one-connector-check-{uuid.UUID(int=0)}"

# Reads that need no knowledge of the account: a 404 for a profile that does not exist proves the key too, if the path
# itself exists. The others answer 200.
_INTEGRATION: tuple[tuple[Endpoint, dict[str, str | int], dict[str, Any]], ...] = (
    (ep.GET_CUSTOMER_INVENTORY, {"integrationId": _NOBODY}, {"profile": True}),
)
_MANAGEMENT: tuple[tuple[Endpoint, dict[str, str | int], dict[str, Any]], ...] = (
    (ep.GET_LOYALTY_PROGRAMS, {}, {}),
    (ep.GET_APPLICATIONS, {}, {"pageSize": 1}),
    (ep.GET_CUSTOMER_PROFILES, {}, {"pageSize": 1}),
    (ep.GET_AUDIENCES, {}, {"pageSize": 1}),
    (ep.GET_ATTRIBUTES, {}, {"pageSize": 1}),
)


@dataclass(frozen=True, slots=True)
class KeyReport:
    """What was found out about one key.

    Attributes:
        name: of the key, with its setting.
        is_set: whether there is a key.
        works: whether Talon.One accepts it; None if it is not set.
        error: why it does not work.
        reads: operation -> None if the key may read it, else the reason why not.
    """

    name: str
    is_set: bool
    works: bool | None = None
    error: e.TalonOneError | None = None
    reads: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What ``check`` found."""

    base_url: str
    integration: KeyReport
    management: KeyReport
    clock_skew_s: float | None

    def lines(self) -> Iterator[str]:
        """Yield the report as sentences, one a line."""
        yield f"base URL: {self.base_url}"
        for key in (self.integration, self.management):
            if not key.is_set:
                yield f"{key.name}: not set"
                continue
            yield f"{key.name}: {'works' if key.works else f'does not work: {key.error}'}"
            for operation, why in key.reads.items():
                yield f"  {operation}: {'yes' if why is None else f'no ({why})'}"
        if self.clock_skew_s is not None:
            yield f"clock: {_skew_text(self.clock_skew_s)}"

    def summary(self) -> str:
        """Return the report in one paragraph, for a notification."""
        sentences = [_key_summary(self.integration), _key_summary(self.management)]
        if self.clock_skew_s is not None and not _is_in_step(self.clock_skew_s):
            sentences.append(f"The clock is {_skew_text(self.clock_skew_s)}.")
        return " ".join(sentences)

    @property
    def usable(self) -> bool:
        """True if at least one key is set and every key that is set works."""
        keys = [k for k in (self.integration, self.management) if k.is_set]
        return bool(keys) and all(k.works for k in keys)

    def raise_if_unusable(self) -> None:
        """Raise the first error that keeps a key from working."""
        for key in (self.integration, self.management):
            if key.is_set and not key.works and key.error is not None:
                raise key.error


def check(client: TalonOneClient) -> CheckReport:
    """Try both keys with reads that change nothing.

    Raises:
        ConnectionFailedError, TlsError: no server answers at the base URL.
    """
    integration = _check_key(client, "Integration API key (api_key)", client.config.api_key is not None, _INTEGRATION)
    management = _check_key(
        client, "Management API key (management_key)", client.config.management_key is not None, _MANAGEMENT
    )
    reading = client.last_clock_reading
    return CheckReport(client.config.base_url, integration, management, None if reading is None else reading.skew_s)


def check_and_log(client: TalonOneClient, logger: logging.Logger) -> None:
    """Try both keys, log the report, and raise the first error that keeps a key from working.

    Raises:
        TalonOneError: a key does not work, or no server answers.
    """
    report = check(client)
    for line in report.lines():
        logger.info(line)
    report.raise_if_unusable()


def _check_key(client: TalonOneClient, name: str, is_set: bool, probes: Any) -> KeyReport:
    if not is_set:
        return KeyReport(name, is_set=False)
    reads: dict[str, str | None] = {}
    refusal: e.TalonOneError | None = None
    for endpoint, path, query in probes:
        try:
            client.call(endpoint, path=path, query=query)
        except (e.ConnectionFailedError, e.TlsError):
            raise
        except e.NotFoundError as error:
            if not path or not _refuses_invalid_key(client, endpoint, path, query):
                return KeyReport(name, is_set=True, works=False, error=_no_such_path(client, error))
        except e.PermissionDeniedError as error:
            reads[endpoint.name], refusal = error.message, error
            continue
        except e.TalonOneError as error:
            return KeyReport(name, is_set=True, works=False, error=error)
        reads[endpoint.name] = None
    if None not in reads.values():
        return KeyReport(name, is_set=True, works=False, error=_may_read_nothing(refusal), reads=reads)
    return KeyReport(name, is_set=True, works=True, reads=reads)


def _may_read_nothing(refusal: e.TalonOneError | None) -> e.PermissionDeniedError:
    """Return the error of a key for which every read is forbidden, so that nothing shows whether it is right."""
    why, words = (refusal.message, refusal.server_message) if refusal else ("", "")
    return e.PermissionDeniedError(
        f"the key may read nothing of what was tried, so that it is unknown whether it is the right key: {why}",
        status=403,
        server_message=words,
    )


def _refuses_invalid_key(client: TalonOneClient, endpoint: Endpoint, path: Any, query: Any) -> bool:
    """Return whether the server refuses an invalid key for a path that answered 404: then the path exists."""
    config = replace(client.config, api_key=Secret(_NOBODY))
    with_invalid_key = RequestExecutor(config, client.executor.transport)
    try:
        with_invalid_key.call(endpoint, path=path, query=query)
    except e.AuthenticationError:
        return True
    except e.TalonOneError:
        return False
    finally:
        with_invalid_key.rate_limiter.close()
    return False


def _no_such_path(client: TalonOneClient, error: e.NotFoundError) -> e.ConfigurationError:
    """Return the error of a base URL where a path of the API does not exist."""
    path = urlsplit(client.config.base_url).path
    cure = f"leave out {path}" if path else "check the host"
    return e.ConfigurationError(
        f"HTTP 404: there is no Talon.One at base_url {client.config.base_url}, because it has no such path; {cure}",
        operation=error.operation,
        status=404,
        server_message=error.server_message,
    )


def _key_summary(key: KeyReport) -> str:
    name = key.name.partition(" (")[0]
    if not key.is_set:
        return f"{name} is not set."
    if not key.works:
        return f"{name} does not work: {key.error and key.error.message}."
    words = {operation: operation.removeprefix("get_").replace("_", " ") for operation in key.reads}
    reads = [words[operation] for operation, why in key.reads.items() if why is None]
    refused = [words[operation] for operation, why in key.reads.items() if why is not None]
    more = f", but not {', '.join(refused)}" if refused else ""
    return f"{name} works, may read {', '.join(reads) or 'nothing'}{more}."


def _is_in_step(skew_s: float) -> bool:
    return abs(skew_s) <= TOLERANCE_S


def _skew_text(skew_s: float) -> str:
    if _is_in_step(skew_s):
        return "in step with Talon.One"
    return f"{abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} Talon.One"
