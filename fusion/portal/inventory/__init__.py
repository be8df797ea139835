"""Pages for: the inventory of numbers."""
