"""Settings tables, and the conversion and documentation of their values."""
