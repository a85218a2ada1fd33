"""A tap of the Singer SDK as its documentation shows; with ``FAST=1`` at its fastest.

Fast: messages written with msgspec (the SDK's ``contrib``), pages decoded with msgspec instead of JSONPath, rows taken
as they are.
"""

import os

import msgspec
from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.helpers._typing import TypeConformanceLevel
from singer_sdk.pagination import BaseOffsetPaginator

FAST = os.environ.get("FAST") == "1"


class Pages(BaseOffsetPaginator):
    """Pages by ``skip`` and ``pageSize``."""

    def has_more(self, response):
        """Return whether another page follows."""
        return b'"hasMore":true' in response.content[:40]


class CardStream(RESTStream):
    """A stream with one partition for each card."""

    @property
    def url_base(self):
        """Return the URL of the server."""
        return self.config["base_url"]

    @property
    def authenticator(self):
        """Return what adds the key."""
        return APIKeyAuthenticator(key="Authorization", value="ApiKey-v1 bench-key", location="header")

    @property
    def partitions(self):
        """Return the cards."""
        return [{"card": card} for card in self.config["card_ids"]]


class Transactions(CardStream):
    """The ledger of a card."""

    name = "loyalty_card_transactions"
    path = "/v1/loyalty_programs/1/cards/{card}/transactions"
    primary_keys = ("id",)
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType),
        th.Property("created", th.DateTimeType),
        th.Property("programId", th.IntegerType),
        *(
            th.Property(name, th.StringType)
            for name in (
                "cardIdentifier", "customerSessionId", "type", "name", "startDate", "expiryDate", "subledgerId",
                "ruleName", "transactionUUID", "validityDuration", "card",
            )
        ),
        th.Property("amount", th.NumberType),
        th.Property("rulesetId", th.IntegerType),
    ).to_dict()  # fmt: skip

    def get_new_paginator(self):
        """Return a paginator for a card."""
        return Pages(start_value=0, page_size=1000)

    def get_url_params(self, context, next_page_token):
        """Return the query of a page."""
        return {"pageSize": 1000, "skip": next_page_token or 0}


class Balances(CardStream):
    """The balance of a card."""

    name = "loyalty_card_balances"
    path = "/v1/loyalty_programs/1/cards/{card}/balances"
    primary_keys = ("card",)
    records_jsonpath = "$"
    schema = th.PropertiesList(
        th.Property("card", th.StringType),
        th.Property(
            "balance",
            th.ObjectType(
                *(
                    th.Property(name, th.NumberType)
                    for name in ("activePoints", "pendingPoints", "spentPoints", "expiredPoints", "negativePoints")
                )
            ),
        ),
    ).to_dict()


class FastTransactions(Transactions):
    """The same without JSONPath and without a look at each value."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def parse_response(self, response):
        """Yield the rows of a page."""
        yield from msgspec.json.decode(response.content)["data"]


class TapBench(Tap):
    """The tap."""

    name = "tap-bench"
    config_jsonschema = th.PropertiesList(
        th.Property("base_url", th.StringType, required=True),
        th.Property("card_ids", th.ArrayType(th.StringType), required=True),
        th.Property("streams", th.StringType, required=True),
    ).to_dict()
    if FAST:
        message_writer_class = MsgSpecWriter

    def discover_streams(self):
        """Return the streams that are to be read."""
        both = {"transactions": FastTransactions if FAST else Transactions, "balances": Balances}
        return [stream(self) for name, stream in both.items() if name in self.config["streams"]]


if __name__ == "__main__":
    TapBench.cli()
