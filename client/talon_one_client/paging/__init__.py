"""Lists: pages, time windows, and threads that read many at once."""
