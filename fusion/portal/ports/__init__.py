"""Pages for: port requests."""
