"""Commands that sync segments to Talon.One."""
