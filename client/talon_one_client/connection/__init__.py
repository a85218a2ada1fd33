"""Connection settings, the client's configuration, its factory, and the check of keys and clock."""
