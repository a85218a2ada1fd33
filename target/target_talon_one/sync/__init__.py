"""A sync run: diff, guards, plan, delivery, verification, and replay."""
