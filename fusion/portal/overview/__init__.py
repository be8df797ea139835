"""Pages for: the overview."""
