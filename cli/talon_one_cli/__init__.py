"""The ``talon-one`` command: call the API, check keys, load a warehouse, and sync segments and catalogs.

A module with a command imports only click, option decorators and output functions at the top. Its functions import
everything else when the command runs, so that ``--version`` and ``--help`` stay fast. All other modules import at the
top, except for packages of extras (duckdb, PyYAML, rich).
"""
