"""Jinja templates over the columns of a row: compilation, limits, and reasons of failures."""
