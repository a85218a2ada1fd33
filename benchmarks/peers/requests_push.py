"""A plain loop: Singer lines in, one request for a thousand profiles, one after the other. ``requests_push.py URL``."""

import json
import sys

import requests

session = requests.Session()
session.headers["Authorization"] = "ApiKey-v1 bench-key"


def send(profiles):
    session.put(f"{sys.argv[1]}/v2/customer_profiles", json={"customerProfiles": profiles}).raise_for_status()


batch = []
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "RECORD":
        row = message["record"]
        batch.append({"integrationId": row.pop("integration_id"), "attributes": row})
    if len(batch) == 1000:
        send(batch)
        batch = []
if batch:
    send(batch)
