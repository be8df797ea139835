"""Pages for: members and invitations."""
