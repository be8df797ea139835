"""White label: a group's name, colours and logo in the portal."""
