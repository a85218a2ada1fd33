"""The lake: Delta tables in a local folder or an object store. Only ``urls`` and ``manifest`` need no extra."""
