"""``TalonOneClient``: every operation as a typed method, on one executor of requests."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints as ep
from talon_one_client.errors import UnexpectedResponseError
from talon_one_client.http.encoding import UNDECODABLE, decode_json
from talon_one_client.http.executor import Observer, RequestExecutor
from talon_one_client.http.transports.choice import make_transport
from talon_one_client.http.waits import never
from talon_one_client.operations.account import AccountOperations
from talon_one_client.operations.audiences import AudienceOperations
from talon_one_client.operations.catalogs import CatalogOperations
from talon_one_client.operations.coupons import CouponOperations
from talon_one_client.operations.customers import CustomerOperations
from talon_one_client.operations.imports import ImportOperations
from talon_one_client.operations.loyalty import LoyaltyOperations
from talon_one_client.operations.loyalty_points import LoyaltyPointOperations
from talon_one_client.operations.loyalty_programs import LoyaltyProgramOperations
from talon_one_client.operations.management.account_lists import AccountListOperations
from talon_one_client.operations.management.campaigns import CampaignOperations
from talon_one_client.operations.management.events import EventOperations
from talon_one_client.operations.management.members import MemberOperations
from talon_one_client.operations.sessions import SessionOperations
from talon_one_client.paging.pages import paginate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import msgspec

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.connection.server_clock import ClockReading
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.transport import Transport
    from talon_one_client.paging.pages import PageSize

_UNKNOWN_PROFILE = "talon-one-connector-clock"


class TalonOneClient(
    AccountListOperations,
    AccountOperations,
    AudienceOperations,
    CampaignOperations,
    CatalogOperations,
    CouponOperations,
    CustomerOperations,
    EventOperations,
    ImportOperations,
    LoyaltyOperations,
    LoyaltyPointOperations,
    LoyaltyProgramOperations,
    MemberOperations,
    SessionOperations,
):
    """A Talon.One deployment. Thread-safe; use as a context manager or call ``close()``.

    Numbers with a fraction come back as ``Decimal`` with the server's digits, and are sent the same way.

    Example:
        >>> config = ClientConfig(base_url="https://demo.talon.one", api_key=Secret("..."))
        >>> with TalonOneClient(config) as client:
        ...     client.get_loyalty_card_balances(1, "CARD-0001")

    Args:
        config: where and how to call.
        transport: sends the requests; by default over HTTP.
        observer: is called for every request and retry.
        stop: is called before every request and during waits, and raises once the run was asked to stop; a request in
            flight is then cut off after ``config.stop_grace_s``.
        clock: monotonic seconds, by which retries end.
        sleep: waits between attempts; by default it ends early when ``stop`` raises.
        rate_limit_sleep: the same for waits for the rate limit.
        rng: returns numbers from 0 to 1, for the jitter of waits.
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        transport: Transport | None = None,
        observer: Observer | None = None,
        stop: Callable[[], None] = never,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] | None = None,
        rate_limit_sleep: Callable[[float], None] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.executor = RequestExecutor(
            config,
            transport or make_transport(config, stop),
            observer=observer,
            stop=stop,
            clock=clock,
            sleep=sleep,
            rate_limit_sleep=rate_limit_sleep,
            rng=rng,
        )

    def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        content: tuple[str, bytes] | None = None,
        idempotency_key: str | None = None,
        decode: Callable[[bytes], Any] = decode_json,
    ) -> Any:
        """Call any operation by its row of the endpoint table.

        Args:
            endpoint: row of the endpoint table.
            path: path parameters by wire name.
            query: query parameters by wire name; None values are left out.
            body: JSON body.
            content: (content type, bytes) instead of ``body``.
            idempotency_key: at most 255 characters; generated where the operation documents one.
            decode: turns the body of a success into the result; not called for an empty one, whose result is None.

        Raises:
            InvalidRequestError: an argument cannot be sent; nothing was sent.
            TalonOneError: see talon_one_client.errors.
        """
        return self.executor.call(
            endpoint,
            path=path,
            query=query,
            body=body,
            content=content,
            idempotency_key=idempotency_key,
            decode=decode,
        )

    def paginate(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        page_size: int | PageSize | None = None,
        decode: Callable[[msgspec.Raw], Any] = decode_json,
        on_short: Callable[[], None] | None = None,
    ) -> Iterator[list[Any]]:
        """Read a whole list by its row of the endpoint table; yields pages of rows, each row once.

        A list may change while it is read: a row that exists all the time is never skipped. The next page is
        requested when the one before has been used, so that a reader can stop in between.

        Args:
            endpoint: row of the endpoint table whose list is paged.
            path: path parameters by wire name.
            query: query parameters by wire name, without those of the page.
            page_size: rows of one request; None: the most that the endpoint allows.
            decode: makes a row of its JSON.
            on_short: is called if the list ends before the number of rows that the server counts.

        Raises:
            UnexpectedResponseError: a page is not what Talon.One sends, or the server does not page.
            TalonOneError: see talon_one_client.errors.
        """
        for page in paginate(self, endpoint, path=path, query=query, page_size=page_size, on_short=on_short):
            try:
                rows = [decode(row) for row in page]
            except UNDECODABLE as error:
                raise UnexpectedResponseError(
                    f"a row has another shape than Talon.One documents: {error}", operation=endpoint.name
                ) from error
            yield rows

    @property
    def last_clock_reading(self) -> ClockReading | None:
        """Both clocks at the last answer; None before the first."""
        return self.executor.last_clock_reading

    def read_server_clock(self) -> ClockReading | None:
        """Return both clocks at the last answer, after one call if there was none yet; None if the server is silent."""
        if self.config.api_key is not None:
            # A 404 for a profile that does not exist has a date too, and costs the server little.
            return self.executor.read_server_clock(ep.GET_CUSTOMER_INVENTORY, {"integrationId": _UNKNOWN_PROFILE})
        return self.executor.read_server_clock(ep.GET_LOYALTY_PROGRAMS, {})

    def close(self) -> None:
        """Close all connections."""
        self.executor.close()

    def __enter__(self) -> TalonOneClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TalonOneClient({self.config.base_url!r})"
