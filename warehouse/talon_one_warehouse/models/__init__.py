"""Reporting views."""
