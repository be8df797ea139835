"""Pages of: events and the audit trail of a group."""
