"""Reads back imported tiers, join dates, coupons and referral codes, from the CSV exports of the Management API.

https://docs.talon.one/management-api#operation/exportCoupons
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints as ep
from talon_one_client.http.csv_export import column_of
from talon_one_client.http.encoding import decode_json
from target_talon_one.lookups.exports import read_export
from target_talon_one.mapping.coercion import to_number
from target_talon_one.mapping.instants import instant_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from talon_one_client.client import TalonOneClient
    from talon_one_client.endpoints import Endpoint

_ROWS_PER_PAGE = 10_000
_Value = tuple[str, "Callable[[str], Any]"]  # a column, and what makes a field of its text


@dataclass(frozen=True, slots=True)
class ExportListing:
    """A listing (see ``Listing``) that reads an export.

    Attributes:
        endpoint: the export.
        path, query: setting of the destination by parameter.
        key: column of the key.
        fields: where each other field comes from; an empty text is no value.
        where: setting by column: rows with another value are left out; a setting that is not given is an empty text.
    """

    endpoint: Endpoint
    path: Mapping[str, str]
    key: str
    fields: Mapping[str, _Value]
    query: Mapping[str, str]
    where: Mapping[str, str]

    def __call__(
        self, client: TalonOneClient, target: Mapping[str, Any], check: Callable[[], None]
    ) -> Iterator[tuple[list[str], Sequence[Mapping[str, Any]]]]:
        """Yield keys and fields; a field without a value is None."""
        check()
        rows = read_export(
            client,
            self.endpoint,
            lambda lines: self._rows(lines, target),
            path={param: target[setting] for param, setting in self.path.items()},
            query={**_dates(self.endpoint), **{param: target[setting] for param, setting in self.query.items()}},
        )
        while page := list(islice(rows, _ROWS_PER_PAGE)):
            yield [key for key, _ in page], [fields for _, fields in page]

    def _rows(self, lines: Iterator[list[str]], target: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        headings = next(lines)
        key = column_of(headings, self.key)
        fields = [(name, column_of(headings, column), read) for name, (column, read) in self.fields.items()]
        tests = [(column_of(headings, column), target.get(setting) or "") for column, setting in self.where.items()]
        return (
            (line[key], {name: read(line[column]) if line[column] else None for name, column, read in fields})
            for line in lines
            if all(line[column] == value for column, value in tests)
        )


def _dates(endpoint: Endpoint) -> dict[str, str]:
    """Return the parameter with which an export has fractions of seconds and time zones, if it has such a parameter."""
    return {"dateFormat": "ISO8601"} if "dateFormat" in endpoint.query_by_name else {}


def _json(text: str) -> Any:
    return decode_json(text.encode())


list_tiers = ExportListing(
    ep.EXPORT_CUSTOMERS_TIERS,
    {"loyaltyProgramId": "loyalty_program_id"},
    key="customerprofileid",
    fields={"tierName": ("tiername", str), "expiryDate": ("expirydate", instant_of)},
    query={},
    where={"subledgerid": "subledger_id"},
)
list_join_dates = ExportListing(
    ep.EXPORT_LOYALTY_JOIN_DATES,
    {"loyaltyProgramId": "loyalty_program_id"},
    key="profileIntegrationID",
    fields={"joinDate": ("joinDate", instant_of)},
    query={},
    where={},
)
_CODE: dict[str, _Value] = {
    "startDate": ("startdate", instant_of),
    "expiryDate": ("expirydate", instant_of),
    "usageLimit": ("limitval", to_number),
    "attributes": ("attributes", _json),
}
list_coupons = ExportListing(
    ep.EXPORT_COUPONS,
    {"applicationId": "application_id"},
    key="value",
    fields={
        **_CODE,
        "recipientIntegrationId": ("recipientintegrationid", str),
        "discountLimit": ("discount_limitval", to_number),
    },
    query={"campaignId": "campaign_id"},
    where={"deleted": ""},
)
list_referrals = ExportListing(
    ep.EXPORT_REFERRALS,
    {"applicationId": "application_id"},
    key="code",
    fields={**_CODE, "advocateProfileIntegrationId": ("advocateprofileintegrationid", str)},
    query={"campaignId": "campaign_id"},
    where={},
)
