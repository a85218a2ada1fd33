"""Typed configuration of destinations, runs, and shards."""
