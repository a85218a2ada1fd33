"""``TalonOneClient``: every operation as a typed method, on one caller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talon_one_client.errors import InvalidRequestError, UnexpectedResponseError
from talon_one_client.http.encoding import UNDECODABLE, decode_json
from talon_one_client.http.executor import Caller, Observer
from talon_one_client.http.waits import never
from talon_one_client.operations.integration import IntegrationOperations
from talon_one_client.operations.management import ManagementOperations
from talon_one_client.paging.pages import paginate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import msgspec

    from talon_one_client.connection.config import ClientConfig
    from talon_one_client.endpoints import Endpoint
    from talon_one_client.http.transport import Transport
    from talon_one_client.paging.pages import PageSize


class TalonOneClient(IntegrationOperations, ManagementOperations):
    """A Talon.One deployment. Thread-safe; use as a context manager or call ``close()``.

    ``stop`` is called before every request and during waits, and raises once the run is to end; a request under way is
    then cut off after ``stop_grace_s``.

    Numbers with a fraction come back as ``Decimal`` with the server's digits, and leave the same way.

    Example:
        >>> config = ClientConfig(base_url="https://demo.talon.one", api_key=Key("..."))
        >>> with TalonOneClient(config) as client:
        ...     client.get_loyalty_card_balances(1, "CARD-0001")
    """

    def __init__(
        self,
        config: ClientConfig,
        *,
        transport: Transport | None = None,
        observer: Observer | None = None,
        stop: Callable[[], None] = never,
        **testing: Any,
    ) -> None:
        if transport is None:
            from talon_one_client.http.transport import RequestsTransport

            transport = RequestsTransport(config, stop)
        self.config = config
        self.caller = Caller(config, transport, observer=observer, stop=stop, **testing)

    def call(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        idempotency_key: str | None = None,
        decode: Callable[[bytes], Any] = decode_json,
    ) -> Any:
        """Any operation by its row of the endpoint table; ``decode`` gets the answer's bytes.

        Raises:
            InvalidRequestError: a path parameter is missing or unknown.
            TalonOneError: see talon_one_client.errors.
        """
        _check_path(endpoint, path or {})
        return self.caller.call(
            endpoint, path=path, query=query, body=body, idempotency_key=idempotency_key, decode=decode
        )

    def paginate(
        self,
        endpoint: Endpoint,
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        page_size: int | PageSize | None = None,
        decode: Callable[[msgspec.Raw], Any] = decode_json,
    ) -> Iterator[list[Any]]:
        """Read a whole list by its row of the endpoint table; yields pages of rows, each row once.

        A list may change while it is read: rows that are there all the time are never passed over. The next page is
        asked for when the one before has been used, so that a caller can stop in between.

        Args:
            endpoint: row of the endpoint table whose list is paged.
            path: path parameters by wire name.
            query: query parameters by wire name, without those of the page.
            page_size: rows to ask for at once; the largest that the endpoint allows without it.
            decode: makes a row of its JSON.

        Raises:
            UnexpectedResponseError: a page is not what Talon.One sends, or the server does not page.
            TalonOneError: see talon_one_client.errors.
        """
        for page in paginate(self, endpoint, path=path, query=query, page_size=page_size):
            try:
                rows = [decode(row) for row in page]
            except UNDECODABLE as error:
                raise UnexpectedResponseError(
                    f"a row has another shape than Talon.One documents: {error}", operation=endpoint.name
                ) from error
            yield rows

    def close(self) -> None:
        """Close all connections."""
        self.caller.transport.close()
        self.caller.budget.close()

    def __enter__(self) -> TalonOneClient:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"TalonOneClient({self.config.base_url!r})"


def _check_path(endpoint: Endpoint, path: Mapping[str, Any]) -> None:
    wanted = [p.name for p in endpoint.path_params]
    wrong = sorted(set(wanted) ^ set(path))
    if wrong:
        raise InvalidRequestError(
            f"path parameters must be {', '.join(wanted) or 'none'}; missing or unknown: {', '.join(wrong)}",
            operation=endpoint.name,
        )
