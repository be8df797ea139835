"""Pages for: events and the audit trail of a group."""
