"""Triggers: they wait, and never write."""
