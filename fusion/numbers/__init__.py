"""Phone numbers: the number ranges of a group, its inventory, and the assignment of each number."""
