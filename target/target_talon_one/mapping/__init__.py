"""The mapping of source rows to the fields of a sink: columns, templates, type coercion, canonical JSON."""
