"""A plain loop: Singer lines in, one request for a thousand profiles, one after the other. ``requests_push.py URL``."""

import sys

import requests
from profiles import batches, body

session = requests.Session()
session.headers["Authorization"] = "ApiKey-v1 bench-key"

for rows in batches():
    session.put(f"{sys.argv[1]}/v2/customer_profiles", json=body(rows)).raise_for_status()
