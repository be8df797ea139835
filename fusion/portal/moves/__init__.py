"""Pages for: moves in the tree."""
