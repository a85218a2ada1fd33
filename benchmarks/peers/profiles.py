"""What the programs that push share: profiles from Singer messages, and the items of a request."""

import json
import sys


def batches():
    """Yield the rows of the messages on stdin, a thousand at a time."""
    batch = []
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            batch.append(message["record"])
        if len(batch) == 1000:
            yield batch
            batch = []
    if batch:
        yield batch


def body(rows):
    """Return the body of a request."""
    return {"customerProfiles": [{"integrationId": row.pop("integration_id"), "attributes": row} for row in rows]}
