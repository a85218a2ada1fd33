"""Connection settings, the client's configuration, and the check of both."""
