"""Commands that call the API directly: ``call`` and ``check``."""
