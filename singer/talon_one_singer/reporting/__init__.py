"""Logs, metrics, progress, printable text, and redaction."""
