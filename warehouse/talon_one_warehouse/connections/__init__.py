"""Connections to warehouses by their own clients, for loads and for sources.

Each module has ``connect``, which takes a URL and options. The clients are optional extras, imported when a connection
is opened.
"""
