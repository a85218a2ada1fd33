"""The triggers of deferred sensors and of DAGs that notifications start; they only read."""
