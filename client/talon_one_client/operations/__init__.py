"""One typed method per operation."""
