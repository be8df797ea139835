"""Pages of: API clients."""
