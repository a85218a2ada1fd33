"""Imports of coupons and referral codes into a campaign, and of the items of a collection."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from talon_one_client import endpoints
from talon_one_emulator.api import json_text
from talon_one_emulator.api.call import CSV, Answer, Call, handles
from talon_one_emulator.api.errors import ApiError, not_found
from talon_one_emulator.domain import timestamps
from talon_one_emulator.handlers.imports import upload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from talon_one_emulator.handlers.imports.upload import Line

_SHORTEST_COUPON, _SHORTEST_CODE = 3, 4
_MOST_ITEMS = 500_000
_OF_ACCOUNT = "id = ? AND campaign IS NULL"
_OF_CAMPAIGN = "id = ? AND campaign = ?"
_NAMES = ("collectionId", "campaignId")


@handles(endpoints.IMPORT_COUPONS)
def import_coupons(call: Call) -> Answer:
    """Create coupons. One that exists is refused, or left as it is with ``skipDuplicates``."""
    _check_campaign(call)
    optional = ("expirydate", "startdate", "recipientintegrationid", "limitval", "discountlimit", "attributes")
    lines = upload.read(call, ("value",), optional)
    skip = bool(call.query.get("skipDuplicates"))
    known = set(upload.ids_by_name(call, "SELECT value, id FROM coupons WHERE value IN", _column(lines, "value")))
    if skip:
        lines = [line for line in lines if line.values["value"] not in known]

    def check(line: Line) -> str | None:
        values = line.values
        code = values["value"]
        is_known = code in known
        known.add(code)
        if len(code) < _SHORTEST_COUPON:
            return f"value: {code!r} has fewer than {_SHORTEST_COUPON} characters"
        if is_known:
            return f"value: there is a coupon {code!r} already"
        limit = upload.amount_problem(values["discountlimit"]) if values["discountlimit"] else None
        return upload.first((*_common_problems(call, values, "Coupon"), limit))

    def write(good: Sequence[Line], number: int) -> None:
        for line in good:
            extra = {"recipientIntegrationId": line.values["recipientintegrationid"] or None}
            if line.values["discountlimit"]:
                extra["discountLimit"] = json_text.decode(line.values["discountlimit"])
            call.account.store.insert(
                "coupons",
                created=call.account.now(),
                campaign=call.path["campaignId"],
                value=line.values["value"],
                usage_limit=int(line.values["limitval"] or 1),
                body=_body(line.values, number, extra),
            )

    return upload.imported(call, "Coupon", lines, check, write)


@handles(endpoints.IMPORT_REFERRALS)
def import_referrals(call: Call) -> Answer:
    """Create referral codes of existing advocates. One that exists is refused."""
    _check_campaign(call)
    optional = ("startdate", "expirydate", "limitval", "attributes")
    lines = upload.read(call, ("code", "advocateprofileintegrationid"), optional)
    known_profiles = upload.profile_ids(call, _column(lines, "advocateprofileintegrationid"))
    known = set(upload.ids_by_name(call, "SELECT code, id FROM referrals WHERE code IN", _column(lines, "code")))

    def check(line: Line) -> str | None:
        code, name = line.values["code"], line.values["advocateprofileintegrationid"]
        is_known = code in known
        known.add(code)
        if len(code) < _SHORTEST_CODE:
            return f"code: {code!r} has fewer than {_SHORTEST_CODE} characters"
        if is_known:
            return f"code: there is a referral code {code!r} already"
        if name not in known_profiles:
            return f"advocateprofileintegrationid: profile {name!r} not found"
        return upload.first(_common_problems(call, line.values, "Referral"))

    def write(good: Sequence[Line], number: int) -> None:
        for line in good:
            call.account.store.insert(
                "referrals",
                created=call.account.now(),
                campaign=call.path["campaignId"],
                advocate=line.values["advocateprofileintegrationid"],
                code=line.values["code"],
                usage_limit=int(line.values["limitval"] or 1),
                body=_body(line.values, number, {}),
            )

    return upload.imported(call, "Referral", lines, check, write)


@handles(endpoints.IMPORT_ACCOUNT_COLLECTION)
def import_account_collection(call: Call) -> Answer:
    """Replace the items of a collection of the account, or add to them (switch ``collection_import``)."""
    return _import_items(call, _OF_ACCOUNT, [call.path["collectionId"]])


@handles(endpoints.IMPORT_COLLECTION)
def import_collection(call: Call) -> Answer:
    """Replace the items of a collection of a campaign, or add to them (switch ``collection_import``)."""
    _check_campaign(call)
    return _import_items(call, _OF_CAMPAIGN, [call.path[name] for name in _NAMES])


@handles(endpoints.EXPORT_ACCOUNT_COLLECTION_ITEMS)
def export_account_collection_items(call: Call) -> Answer:
    """Export the items of a collection of the account."""
    return _export_items(call, _OF_ACCOUNT, [call.path["collectionId"]])


@handles(endpoints.EXPORT_COLLECTION_ITEMS)
def export_collection_items(call: Call) -> Answer:
    """Export the items of a collection of a campaign."""
    _check_campaign(call)
    return _export_items(call, _OF_CAMPAIGN, [call.path[name] for name in _NAMES])


def _export_items(call: Call, where: str, args: Sequence[Any]) -> Answer:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["item"])
    writer.writerows(
        call.account.store.rows(
            "SELECT item FROM collection_items WHERE collection = ? ORDER BY item", [_collection(call, where, args)]
        )
    )
    return Answer(200, text.getvalue().encode(), CSV)


def _collection(call: Call, where: str, args: Sequence[Any]) -> int:
    found = call.account.store.scalar(f"SELECT id FROM collections WHERE {where}", args)  # noqa: S608 - constants
    if found is None:
        raise not_found(call.endpoint, "collection")
    return int(found)


def _import_items(call: Call, where: str, args: Sequence[Any]) -> Answer:
    store, collection = call.account.store, _collection(call, where, args)
    lines = upload.read(call, ("item",))
    if len(lines) > _MOST_ITEMS:
        raise ApiError(400, [], f"{len(lines)} items; a collection holds at most {_MOST_ITEMS}")

    def write(good: Sequence[Line], _: int) -> None:
        if call.account.switches.collection_import == "replace":
            store.db.execute("DELETE FROM collection_items WHERE collection = ?", (collection,))
        store.db.executemany(
            "INSERT OR IGNORE INTO collection_items (collection, item) VALUES (?, ?)",
            [(collection, line.values["item"]) for line in good],
        )

    return upload.imported(
        call, "Collection", lines, lambda line: None if line.values["item"] else "item: it is empty", write
    )


def _check_campaign(call: Call) -> None:
    store = call.account.store
    if store.row("SELECT 1 FROM applications WHERE id = ?", [call.path["applicationId"]]) is None:
        raise not_found(call.endpoint, "application")
    if store.row("SELECT 1 FROM campaigns WHERE id = ?", [call.path["campaignId"]]) is None:
        raise not_found(call.endpoint, "campaign")


def _column(lines: Sequence[Line], name: str) -> list[str]:
    return [line.values[name] for line in lines]


def _common_problems(call: Call, values: Mapping[str, str], entity: str) -> tuple[str | None, ...]:
    return (
        upload.instant_problem("startdate", values["startdate"]),
        upload.instant_problem("expirydate", values["expirydate"]),
        upload.limit_problem("limitval", values["limitval"]),
        upload.attributes_problem(call, entity, values["attributes"]),
    )


def _instant(text: str) -> str | None:
    return timestamps.render(timestamps.parse(text)) if text else None


def _body(values: Mapping[str, str], number: int, extra: Mapping[str, Any]) -> str:
    """Return the further fields of a coupon or referral as JSON."""
    given = {
        "startDate": _instant(values["startdate"]),
        "expiryDate": _instant(values["expirydate"]),
        "attributes": json_text.decode(values["attributes"]) if values["attributes"] else {},
        "importId": number,
        "batchId": f"import-{number}",
        **extra,
    }
    return json_text.encode_text({name: value for name, value in given.items() if value is not None})
