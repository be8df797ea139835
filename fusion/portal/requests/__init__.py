"""Pages for: order requests."""
