"""Row blocks: rows that are processed together, as columns where the types of their values allow it."""
