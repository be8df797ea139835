"""What a group sells: SKUs, products made of them, and the revisions of those products."""
