"""Commands that call the API directly."""
