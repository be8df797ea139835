"""Pages for: API clients."""
