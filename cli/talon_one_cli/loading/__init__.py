"""Commands that load data into a warehouse, or compare and report what was loaded."""
