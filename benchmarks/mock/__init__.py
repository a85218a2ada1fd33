"""A server that answers as fast as it can, to measure clients: ``python -m mock --port 0``."""
