"""Operators, one for each operation of the Integration API, by resource."""
