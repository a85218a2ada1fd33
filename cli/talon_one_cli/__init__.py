"""The ``talon-one`` command: calls by hand, checks, and loads into a warehouse."""
