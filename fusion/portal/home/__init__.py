"""Pages of: home."""
