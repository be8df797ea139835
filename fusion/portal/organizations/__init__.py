"""Pages for: organizations."""
