"""People: their accounts, memberships and invitations."""
