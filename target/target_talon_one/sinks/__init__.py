"""The table of sinks and the request payloads."""
