"""The table of read strategies: the ways to read a stream group, each with an operation of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from talon_one_client import endpoints as ep
from tap_talon_one.ids.sources import listing_of
from tap_talon_one.streams import STREAM_GROUPS, StreamGroup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talon_one_client.endpoints import Endpoint
    from tap_talon_one.streams import Entity, ReaderName

PER_ENTITY = "per_entity"  # the strategy of one call for each card or profile


class ListCheck(NamedTuple):
    """The lists that a complete export contains.

    Attributes:
        ids: the list of the ids of a parent, such as its campaigns.
        rows: the list of the rows of one id.
        field: field of a row with the id.
    """

    ids: Endpoint
    rows: Endpoint
    field: str


@dataclass(frozen=True, slots=True)
class ReadStrategy:
    """One way to read the streams of a group.

    Attributes:
        name: value of the group's strategy setting.
        group: the group with the endpoint and reader of this strategy; it keeps the name of the original group.
        owner: whose rows are read: the entity of the original group.
        gives: names of the streams that it can read; None: all of the group.
        cheapest: no other strategy makes fewer calls, so that ``auto`` uses it without an estimate.
        check: the lists with which an export is compared.
        path: path parameters beside those of parent and id.
        query: query parameters of a list.
    """

    name: str
    group: StreamGroup
    owner: Entity
    gives: frozenset[str] | None = None
    cheapest: bool = False
    check: ListCheck | None = None
    path: Mapping[str, str | int] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reads_programs(self) -> bool:
        """True if no owner of a program is left out: the program has one list of transactions, or one of its cards."""
        return self.group.entity in ("program", "card")

    @property
    def needs_application(self) -> bool:
        """True if it reads one Application, which the settings have to name."""
        return self.group.entity == "application" and self.group.parent is None

    def can_read(self, streams: frozenset[str]) -> bool:
        """Return whether it gives all of these streams, or what there is of them in its group."""
        return self.gives is None or streams <= self.gives

    def within(self, settings: Mapping[str, Any]) -> ReadStrategy:
        """Return the strategy for these settings, which may select one Application of the account."""
        application = settings["application_id"]
        if self.name == "profile_list":
            listing = listing_of(replace(self.group, entity=self.owner), None, settings)
            assert listing is not None
            endpoint, path, _, query = listing
            return replace(self, group=replace(self.group, endpoint=endpoint), path=path, query=query)
        if self.needs_application and application:
            return replace(self, path={"applicationId": application})
        return self


def per_entity(group: StreamGroup) -> ReadStrategy:
    """Return the strategy that makes one call for each id."""
    return ReadStrategy(PER_ENTITY, group, group.entity)


_BY_NAME = {group.name: group for group in STREAM_GROUPS}


def _bulk(group: str, name: str, endpoint: Endpoint, reader: ReaderName, **more: Any) -> ReadStrategy:
    """Return a strategy that reads a group by program, Application or account, whichever the endpoint names."""
    base = _BY_NAME[group]
    given = {param.name for param in endpoint.path_params}
    entity: Entity = "program" if "loyaltyProgramId" in given else "application" if given else "account"
    changed = replace(base, endpoint=endpoint, entity=entity, reader=reader)
    return ReadStrategy(name, changed, base.entity, **more)


def _codes_check(rows: Endpoint) -> ListCheck:
    return ListCheck(ep.GET_CAMPAIGNS, rows, "campaignId")


# Strategies that need the Management API and make fewer calls than one for each id, the cheapest last.
BULK_STRATEGIES: Mapping[str, tuple[ReadStrategy, ...]] = {
    "loyalty_card_transactions": (
        _bulk("loyalty_card_transactions", "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS, "program_feed"),
    ),
    "loyalty_card_balances": (
        _bulk("loyalty_card_balances", "card_list", ep.GET_LOYALTY_CARDS, "card_list"),
        _bulk("loyalty_card_balances", "csv_export", ep.EXPORT_LOYALTY_CARD_BALANCES, "csv_export"),
    ),
    "loyalty_profile_transactions": (
        _bulk("loyalty_profile_transactions", "program_feed", ep.GET_LOYALTY_PROGRAM_TRANSACTIONS, "program_feed"),
    ),
    "loyalty_profile_balances": (
        _bulk("loyalty_profile_balances", "csv_export", ep.EXPORT_LOYALTY_BALANCES, "csv_export"),
    ),
    "customer_inventory": (
        _bulk(
            "customer_inventory",
            "profile_list",
            ep.GET_CUSTOMER_PROFILES,
            "listing",
            gives=frozenset({"customer_profiles"}),
            cheapest=True,
        ),
    ),
    "customer_sessions": (
        _bulk("customer_sessions", "csv_export", ep.EXPORT_CUSTOMER_SESSIONS, "export_window", cheapest=True),
    ),
    "effects": (_bulk("effects", "csv_export", ep.EXPORT_EFFECTS, "export_window", cheapest=True),),
    "coupons": (
        _bulk(
            "coupons",
            "csv_export",
            ep.EXPORT_COUPONS,
            "export",
            cheapest=True,
            check=_codes_check(ep.GET_COUPONS_WITHOUT_TOTAL_COUNT),
        ),
    ),
    "referrals": (
        _bulk(
            "referrals",
            "csv_export",
            ep.EXPORT_REFERRALS,
            "export",
            cheapest=True,
            check=_codes_check(ep.GET_REFERRALS_WITHOUT_TOTAL_COUNT),
        ),
    ),
}


def strategies_of(group: StreamGroup, settings: Mapping[str, Any]) -> tuple[ReadStrategy, ...]:
    """Return all strategies that can read a group with these settings, ``per_entity`` first."""
    return (per_entity(group), *(each.within(settings) for each in BULK_STRATEGIES.get(group.name, ())))
