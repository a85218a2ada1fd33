"""The command doctor, which finds out what is wrong with a project."""
