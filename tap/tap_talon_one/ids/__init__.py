"""The sources of IDs."""
