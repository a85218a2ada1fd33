"""Operators that report on the loyalty data: reconcile, reporting views, cost estimates, expiring points."""
