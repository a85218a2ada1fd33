"""Command lines of taps and targets: options, signals, exit codes."""
