"""Transfers: Talon.One into a warehouse, a warehouse into Talon.One, and any Singer tap into any target."""
