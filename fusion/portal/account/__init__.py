"""Pages for: the account."""
