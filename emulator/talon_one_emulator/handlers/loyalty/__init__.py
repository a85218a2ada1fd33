"""Loyalty operations of both APIs, and the CSV exports."""
