"""What a run reads from Talon.One: audiences, attributes, profiles, members, and items."""
