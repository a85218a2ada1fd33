"""Operators, one for each operation of the Integration API, grouped by resource."""
