"""Rate limits per key and endpoint, shared by threads, processes and machines."""
