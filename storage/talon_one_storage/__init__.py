"""Storage that the target's stores and the warehouses share: files with conditional writes, locks, and SQL names.

It imports no other package of this project. Each module is imported by its own name; ``duckdb_files`` and
``duckdb_errors`` need the extra ``warehouse`` and import duckdb at the top.
"""
