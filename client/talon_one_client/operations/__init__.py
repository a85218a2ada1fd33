"""One typed method per operation, in modules by area."""
