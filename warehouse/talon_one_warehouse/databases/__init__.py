"""Warehouses in databases: rows go into a staging table, then are merged by SQL. Only ``urls`` needs no extra."""
