"""Checks that a request passes before its handler runs: one module for each decision."""
