"""A target of the Singer SDK as its documentation shows; with ``FAST=1`` at its fastest.

Fast: messages read with msgspec (the SDK's ``contrib``), rows not validated, bodies encoded with msgspec.
"""

import os

import msgspec
import requests
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th
from singer_sdk.contrib.msgspec import MsgSpecReader

FAST = os.environ.get("FAST") == "1"
encode = msgspec.json.Encoder(decimal_format="number").encode


class ProfileSink(BatchSink):
    max_size = 1000

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self._session = requests.Session()
        self._session.headers["Authorization"] = "ApiKey-v1 bench-key"

    def process_record(self, record, context):
        name = record.pop("integration_id")
        context.setdefault("profiles", []).append({"integrationId": name, "attributes": record})

    def process_batch(self, context):
        body = {"customerProfiles": context["profiles"]}
        url = f"{self.config['base_url']}/v2/customer_profiles"
        given = {"data": encode(body)} if FAST else {"json": body}
        self._session.put(url, **given).raise_for_status()


class TargetBench(Target):
    name = "target-bench"
    config_jsonschema = th.PropertiesList(th.Property("base_url", th.StringType, required=True)).to_dict()
    default_sink_class = ProfileSink
    if FAST:
        message_reader_class = MsgSpecReader


if __name__ == "__main__":
    TargetBench.cli()
