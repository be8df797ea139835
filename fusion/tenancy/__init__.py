"""Organizations and subscriptions: the tree."""
