"""Imports of CSV files, for moving into Talon.One, and exports of collections: one typed method per operation.

https://docs.talon.one/management-api
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from talon_one_client import endpoints as ep
from talon_one_client.operations.typed_calls import Operations, multipart_csv

if TYPE_CHECKING:
    from talon_one_client.operations.typed_calls import JsonObject


class ImportOperations(Operations):
    """Imports of CSV files, whose answer is an Import, and exports of collections: of the Management API."""

    def export_account_collection_items(self, collection_id: int) -> bytes:
        """Return the CSV export of the items of an account-level collection.

        https://docs.talon.one/management-api#operation/exportAccountCollectionItems
        """
        return self._bytes(ep.EXPORT_ACCOUNT_COLLECTION_ITEMS, path={"collectionId": collection_id})

    def export_collection_items(self, application_id: int, campaign_id: int, collection_id: int) -> bytes:
        """Return the CSV export of the items of a campaign-level collection.

        https://docs.talon.one/management-api#operation/exportCollectionItems
        """
        return self._bytes(
            ep.EXPORT_COLLECTION_ITEMS,
            path={"applicationId": application_id, "campaignId": campaign_id, "collectionId": collection_id},
        )

    def import_account_collection(self, collection_id: int, csv: bytes) -> JsonObject:
        """REPLACE the items of an account-level collection by those of a CSV file with the column item.

        https://docs.talon.one/management-api#operation/importAccountCollection
        """
        return self._object(
            ep.IMPORT_ACCOUNT_COLLECTION, path={"collectionId": collection_id}, content=multipart_csv(csv)
        )

    def import_collection(self, application_id: int, campaign_id: int, collection_id: int, csv: bytes) -> JsonObject:
        """REPLACE the items of a campaign-level collection by those of a CSV file with the column item.

        https://docs.talon.one/management-api#operation/importCollection
        """
        return self._object(
            ep.IMPORT_COLLECTION,
            path={"applicationId": application_id, "campaignId": campaign_id, "collectionId": collection_id},
            content=multipart_csv(csv),
        )

    def import_coupons(
        self, application_id: int, campaign_id: int, csv: bytes, *, skip_duplicates: bool | None = None
    ) -> JsonObject:
        """Create the coupons of a CSV file with the column value, and optionally dates, limits and attributes.

        https://docs.talon.one/management-api#operation/importCoupons
        """
        return self._object(
            ep.IMPORT_COUPONS,
            path={"applicationId": application_id, "campaignId": campaign_id},
            query={"skipDuplicates": skip_duplicates},
            content=multipart_csv(csv),
        )

    def import_loyalty_cards(self, loyalty_program_id: int, csv: bytes) -> JsonObject:
        """Create the cards of a CSV file with the columns identifier and state; fewer than 500,000 rows.

        https://docs.talon.one/management-api#operation/importLoyaltyCards
        """
        return self._object(
            ep.IMPORT_LOYALTY_CARDS, path={"loyaltyProgramId": loyalty_program_id}, content=multipart_csv(csv)
        )

    def import_loyalty_customers_tiers(self, loyalty_program_id: int, csv: bytes) -> JsonObject:
        """Set the tiers of profiles from a CSV file: subledgerid, customerprofileid, tiername, expirydate.

        https://docs.talon.one/management-api#operation/importLoyaltyCustomersTiers
        """
        return self._object(
            ep.IMPORT_LOYALTY_CUSTOMERS_TIERS, path={"loyaltyProgramId": loyalty_program_id}, content=multipart_csv(csv)
        )

    def import_loyalty_join_dates(self, loyalty_program_id: int, csv: bytes) -> JsonObject:
        """Set the join dates of existing profiles from a CSV file: customerprofileid, newjoindate.

        https://docs.talon.one/management-api#operation/importLoyaltyJoinDates
        """
        return self._object(
            ep.IMPORT_LOYALTY_JOIN_DATES, path={"loyaltyProgramId": loyalty_program_id}, content=multipart_csv(csv)
        )

    def import_loyalty_points(
        self, loyalty_program_id: int, csv: bytes, *, notifications_enabled: bool | None = None
    ) -> JsonObject:
        """ADD the points of a CSV file to the balances of cards (identifier) or profiles (customerprofileid).

        A file that is imported twice adds its points twice.

        https://docs.talon.one/management-api#operation/importLoyaltyPoints
        """
        return self._object(
            ep.IMPORT_LOYALTY_POINTS,
            path={"loyaltyProgramId": loyalty_program_id},
            query={"notificationsEnabled": notifications_enabled},
            content=multipart_csv(csv),
        )

    def import_referrals(self, application_id: int, campaign_id: int, csv: bytes) -> JsonObject:
        """Create the referral codes of a CSV file with the columns code and advocateprofileintegrationid.

        https://docs.talon.one/management-api#operation/importReferrals
        """
        return self._object(
            ep.IMPORT_REFERRALS,
            path={"applicationId": application_id, "campaignId": campaign_id},
            content=multipart_csv(csv),
        )
