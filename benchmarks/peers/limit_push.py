"""The limit: typed rows in, bodies out, nothing kept. ``limit_push.py URL IN_FLIGHT``."""

import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec
import urllib3

url, in_flight = sys.argv[1], int(sys.argv[2])


class Profile(msgspec.Struct):
    integration_id: str
    tier: str | None
    city: str | None
    newsletter: bool | None
    points: int | None
    member_since: str | None


class Message(msgspec.Struct):
    type: str
    record: Profile | None = None


class Attributes(msgspec.Struct):
    tier: str | None
    city: str | None
    newsletter: bool | None
    points: int | None
    member_since: str | None


class Item(msgspec.Struct):
    integrationId: str  # noqa: N815 - a name of the API
    attributes: Attributes


pool = urllib3.PoolManager(maxsize=in_flight, headers={"Authorization": "ApiKey-v1 bench-key"})
decode, encode = msgspec.json.Decoder(Message).decode, msgspec.json.Encoder().encode


def send(body):
    assert pool.request("PUT", f"{url}/v2/customer_profiles", body=body).status == 204


def bodies():
    batch = []
    for line in sys.stdin.buffer:
        row = decode(line).record
        if row:
            rest = Attributes(row.tier, row.city, row.newsletter, row.points, row.member_since)
            batch.append(Item(row.integration_id, rest))
        if len(batch) == 1000:
            yield encode({"customerProfiles": batch})
            batch = []
    if batch:
        yield encode({"customerProfiles": batch})


with ThreadPoolExecutor(in_flight) as threads:
    for _ in threads.map(send, bodies()):
        pass
