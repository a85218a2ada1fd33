"""Loyalty programs, ledgers, tiers, and the oracle that recomputes balances."""
