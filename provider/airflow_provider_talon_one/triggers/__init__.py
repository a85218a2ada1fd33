"""The trigger of deferred sensors; it only reads."""
