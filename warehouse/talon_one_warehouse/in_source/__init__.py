"""Comparisons of a source with what was acknowledged, in the database of the source."""
