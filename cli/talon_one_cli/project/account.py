"""What an account has that syncs and loads name by id: loyalty programs, audiences and catalogs."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.errors import NotFoundError, PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from talon_one_client.client import TalonOneClient

MOST = 50  # of each kind


def account_lines(client: TalonOneClient, catalogs: Sequence[int]) -> Iterator[str]:
    """Yield a line for each program, audience and catalog.

    Args:
        client: of the account.
        catalogs: ids of catalogs, because the API has no list of them.

    Raises:
        TalonOneError: Talon.One does not answer, or a key does not work.
    """
    if not client.config.management_key:
        yield "programs, audiences and catalogs: unknown without management_key"
        return
    yield from _listed("loyalty programs", "get_loyalty_programs", lambda: _programs(client))
    yield from _listed("audiences", "get_audiences", lambda: _audiences(client))
    if not catalogs:
        yield "catalogs: the API has no list of them; name their ids with --catalog-ids"
        return
    yield from _listed("catalogs", "list_catalog_items", lambda: [_catalog(client, number) for number in catalogs])


def _listed(what: str, operation: str, read: Callable[[], Sequence[str]]) -> Iterator[str]:
    try:
        found = read()
    except PermissionDeniedError:
        yield f"{what}: management_key may not call {operation}"
        return
    yield f"{what}:{'' if found else ' none'}"
    yield from (f"  {line}" for line in found[:MOST])
    if len(found) > MOST:
        yield f"  and more than these {MOST}"


def _programs(client: TalonOneClient) -> list[str]:
    found = client.get_loyalty_programs()["data"]
    return [f"{one['id']}: {one.get('title') or one.get('name')}" for one in found]


def _audiences(client: TalonOneClient) -> list[str]:
    rows = (one for page in client.paginate(ep.GET_AUDIENCES) for one in page)
    found = list(islice(rows, MOST + 1))
    return [f"{one['id']}: {one['name']}{_of_integration(one)}" for one in found]


def _of_integration(audience: dict[str, object]) -> str:
    integration, number = audience.get("integration"), audience.get("integrationId")
    return f" ({integration}, {number})" if integration and number else ""


def _catalog(client: TalonOneClient, number: int) -> str:
    try:
        some = client.list_catalog_items(number, page_size=1)["data"]
    except NotFoundError:
        return f"{number}: there is no such catalog"
    return f"{number}: {'has items' if some else 'is empty'}"
