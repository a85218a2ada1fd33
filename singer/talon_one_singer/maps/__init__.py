"""Stream maps and flattening by the mapper of the Singer SDK, which is an optional extra."""
