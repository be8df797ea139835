"""Pages for: subscriptions and their objects."""
