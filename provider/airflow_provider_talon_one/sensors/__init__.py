"""Sensors that wait for transactions, audience members or catalog versions; they only read."""
