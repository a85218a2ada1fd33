"""Transports: ``requests``, which is the reference, and libcurl, which takes a fraction of its CPU time."""
