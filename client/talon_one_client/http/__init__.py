"""One request and its response: transport, time limits, retries, decoding, errors."""
