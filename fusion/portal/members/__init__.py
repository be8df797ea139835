"""Pages of: members, and invitations to become one."""
