"""A plain loop: one session, one request after the other, one line for each row.

``requests_read.py URL KIND < cards.json``.
"""

import json
import sys

import requests

url, kind, cards = sys.argv[1], sys.argv[2], json.load(sys.stdin)
session = requests.Session()
session.headers["Authorization"] = "ApiKey-v1 bench-key"
for card in cards:
    base = f"{url}/v1/loyalty_programs/1/cards/{card}"
    if "balances" in kind:
        print(json.dumps({"type": "RECORD", "record": session.get(f"{base}/balances").json()}))
    skip, more = 0, "transactions" in kind
    while more:
        page = session.get(f"{base}/transactions", params={"pageSize": 1000, "skip": skip}).json()
        for row in page["data"]:
            print(json.dumps({"type": "RECORD", "stream": "loyalty_card_transactions", "record": row}))
        skip, more = skip + len(page["data"]), page["hasMore"]
