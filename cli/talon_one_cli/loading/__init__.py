"""Commands that load and examine loyalty data."""
