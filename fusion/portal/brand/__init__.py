"""Pages of: brand."""
