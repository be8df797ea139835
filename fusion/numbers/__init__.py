"""Phone numbers: the ranges of a group, the inventory they make, and who has which number."""
