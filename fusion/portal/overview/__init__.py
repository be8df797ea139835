"""Pages of: the overview."""
