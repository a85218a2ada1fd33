"""Lists: pages, time windows, and many lists at once."""
