"""Validation of rows against JSON Schemas, with exact numbers."""
