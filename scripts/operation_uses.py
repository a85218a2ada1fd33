"""Where operations are used that no stream and no sink names, and why others of platform 26.16 are not used.

Read by ``build_docs.py`` for the page of all operations. Streams and sinks are not listed here: they name theirs.
"""

from __future__ import annotations

_SINGLE = "not used, because the list of the same objects is read"
_BY_HAND = "by client, command line and operator only: "

OTHER_USES: dict[str, str] = {
    "best_prior_price": f"{_BY_HAND}an answer for a few SKUs, not a table",
    "create_audience_v2": "also by syncs to an audience that does not exist yet",
    "delete_customer_data": "also by `talon-one erase`",
    "export_account_collection_items": "read by `adopt` and `verify` of `collection_items`",
    "export_audiences_memberships": "read by `adopt` and `verify` of large audiences",
    "export_collection_items": "read by `adopt` and `verify` of `campaign_collection_items`",
    "export_loyalty_cards": "not used, because the list of cards has the balances too",
    "get_application_customers": "lists profiles whose ids are not given",
    "get_campaigns": "lists the campaigns whose coupons and referrals are read",
    "get_application_sessions": "lists sessions whose ids are not given",
    "get_applications": "read by the check of the keys",
    "get_audience_memberships": "also read by `adopt` and `verify`",
    "get_audiences": "also finds audiences by name",
    "get_audiences_analytics": "read by `verify`",
    "get_attributes": "also checks the attributes of a sync",
    "get_customer_achievement_history": f"{_BY_HAND}rows without an id, one call for each profile and achievement",
    "get_customer_achievements": f"{_BY_HAND}one call for each profile",
    "get_customer_inventory": "also checks the key, and whether a profile exists",
    "get_customer_profiles": "lists profiles whose ids are not given, and those that a sync must not create",
    "get_event_v3": f"{_BY_HAND}one call for each event",
    "get_loyalty_card": _SINGLE,
    "get_loyalty_card_transaction_logs": "not used, because `getLoyaltyCardTransactions` has the rules of the rows too",
    "get_loyalty_program": _SINGLE,
    "import_audiences_memberships": "by client and command line only: it replaces all members of an audience",
    "integration_get_all_campaigns": f"{_BY_HAND}the running campaigns, without those that have ended",
    "list_catalog_items": "also read by `adopt` and `verify` of `catalog_items`",
}

# Operations of platform 26.16 that are not in the endpoint table, by the reason.
NOT_USED: dict[str, tuple[str, ...]] = {
    "it exports or lists what another operation already gives with the same fields": (
        "exportAchievements", "exportApplicationCampaignAnalytics", "exportLoyaltyBalance",
        "exportLoyaltyCardLedger", "exportLoyaltyLedger",
        "getApplicationEventTypes", "getCustomerProfileAchievementProgress", "getLoyaltyLedgerBalances",
        "getLoyaltyPoints", "getLoyaltyProgramProfileLedgerTransactions", "getLoyaltyStatistics",
        "listAchievements", "listCollections", "searchCouponsAdvancedApplicationWideWithoutTotalCount",
        "searchCouponsAdvancedWithoutTotalCount",
    ),
    "it returns one object of a list": (
        "getAccountCollection", "getAchievement", "getAdditionalCost", "getApplication", "getApplicationCustomer",
        "getApplicationSession", "getAttribute", "getCampaign", "getCampaignGroup", "getCollection",
        "getCustomerActivityReport", "getCustomerProfile", "getExperiment", "getRuleset", "getStore", "getWebhook",
    ),
    "it searches by attributes in a list that is read completely": (
        "getApplicationCustomersByAttributes", "getApplicationSessionsByCustomerAttributes", "getCampaignByAttributes",
        "getCustomersByAttributes",
    ),
    "no stream reads it yet": (
        "exportCampaignStoreBudgets",
        "getCustomerActivityReportsWithoutTotalCount", "getCustomerAnalytics",
        "listCampaignStoreBudgetLimits",
        "listExperiments", "priceHistory",
        "summarizeCampaignStoreBudget",
    ),
    "no sink writes with it yet": (
        "importAllowedList", "importCampaignStoreBudget", "importCampaignStores", "importPoolGiveaways",
    ),
    "it adds or removes points, and a lost answer could not be repeated without adding them twice": (
        "addLoyaltyCardPoints", "addLoyaltyPoints", "deductLoyaltyCardPoints", "removeLoyaltyPoints",
    ),
    "it changes campaigns, codes, cards and definitions, which people do in the Campaign Manager": (
        "copyCampaignToApplications", "createAccountCollection", "createAchievement", "createAdditionalCost",
        "createAttribute", "createBatchLoyaltyCards", "createCampaignFromTemplate", "createCampaignStoreBudget",
        "createCollection", "createCoupons", "createCouponsAsync", "createCouponsDeletionJob",
        "createCouponsForMultipleRecipients", "createStore", "deleteAccountCollection", "deleteAchievement",
        "deleteCampaign", "deleteCampaignStoreBudgets", "deleteCollection", "deleteCoupon", "deleteCoupons",
        "deleteLoyaltyCard", "deleteReferral", "deleteStore", "disconnectCampaignStores", "excludePriceHistory",
        "transferLoyaltyCard", "updateAccountCollection", "updateAchievement", "updateAdditionalCost",
        "updateAttribute", "updateCampaign", "updateCollection", "updateCoupon", "updateCouponBatch",
        "updateLoyaltyCard", "updateReferral", "updateStore",
    ),
    "it configures or watches the account, which is no promotion or loyalty data": (
        "exportCampaignStores", "exportCampaignValueMap", "generateCouponRejections", "getAccessLogsWithoutTotalCount",
        "getAccount", "getAccountAnalytics", "getAdditionalCosts", "getApplicationApiHealth",
        "getApplicationCustomerFriends", "getCampaignGroups", "getCampaignTemplates", "getExports", "getMessageLogs",
        "getRulesets", "getWebhooks",
    ),
    "it manages users, roles and logins": (
        "activateUserByEmail", "createInviteEmail", "createInviteV2", "createPasswordRecoveryEmail", "createSession",
        "deactivateUserByEmail", "deleteUser", "deleteUserByEmail", "destroySession", "getRoleV2", "getUser",
        "getUsers", "inviteUserExternal", "listAllRolesV2", "oktaEventHandlerChallenge", "resetPassword",
        "scimCreateGroup", "scimCreateUser", "scimDeleteGroup", "scimDeleteUser", "scimGetGroup", "scimGetGroups",
        "scimGetResourceTypes", "scimGetSchemas", "scimGetServiceProviderConfig", "scimGetUser", "scimGetUsers",
        "scimPatchGroup", "scimPatchUser", "scimReplaceGroupAttributes", "scimReplaceUserAttributes", "updateRoleV2",
        "updateUser",
    ),
}  # fmt: skip
