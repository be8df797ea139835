"""Pages of: subscriptions, and all that one has."""
