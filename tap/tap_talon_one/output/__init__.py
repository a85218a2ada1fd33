"""The Singer messages of the tap."""
