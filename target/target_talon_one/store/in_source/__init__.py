"""A store whose acknowledged rows are in the database of the source, where they are compared."""
