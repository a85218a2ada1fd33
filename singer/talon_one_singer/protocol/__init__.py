"""Messages, catalog, state and BATCH files of the Singer protocol."""
