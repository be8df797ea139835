"""Pages for: the brand."""
