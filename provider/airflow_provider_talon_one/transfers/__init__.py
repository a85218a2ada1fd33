"""Transfers between warehouses and Talon.One."""
