"""Pages of: orders."""
