"""Changes that span rooms: creating a group, suspending and terminating, deleting organizations."""
