"""Pages of: account."""
