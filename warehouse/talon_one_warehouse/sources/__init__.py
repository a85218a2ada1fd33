"""Sources of rows: databases and files.

``spec``, ``open_source`` and ``sql_text`` need no extra; the readers import pyarrow and duckdb at the top, and
``open_source`` imports them when a source is opened.
"""
