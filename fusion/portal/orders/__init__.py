"""Pages for: orders."""
