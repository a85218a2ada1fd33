"""The sync of the selected streams: scope, bookmarks, checkpoints, and sinks."""
