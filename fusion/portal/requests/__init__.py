"""Pages of: order requests."""
