"""Pages of: organizations."""
