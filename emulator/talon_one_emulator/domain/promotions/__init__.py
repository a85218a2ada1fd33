"""What promotions keep: achievements with their progress, and the journal of effects."""
