"""Reports as one HTML file each, which needs nothing else: of a run, and of a loyalty program."""
