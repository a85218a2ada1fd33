"""The store: acknowledged rows, staged rows, run history, and the backends that keep it."""
