"""Pages of: the inventory of numbers."""
