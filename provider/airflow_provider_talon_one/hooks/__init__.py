"""The hook of the connection type ``talon_one``."""
