"""The lake: Delta tables in a local folder or an object store. Only ``urls`` can be imported without the extra."""
