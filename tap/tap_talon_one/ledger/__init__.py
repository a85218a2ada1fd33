"""Ledger arithmetic and the reconciliation of transactions with balances."""
