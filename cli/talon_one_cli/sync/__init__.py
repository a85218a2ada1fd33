"""Commands that send rows to Talon.One: plan, apply, push, verify, retry, runs and erase."""
