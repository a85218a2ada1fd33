"""Conversion of JSON rows to Arrow and back. ``columns`` and ``json_to_arrow`` can be imported without pyarrow."""
