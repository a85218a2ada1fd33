"""Singer tap for Talon.One; the engine also loads warehouses directly."""
