"""Control of a running emulator: faults, switches, fixtures, and the request log."""
