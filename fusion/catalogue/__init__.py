"""What a group sells: SKUs, products made of SKUs, and the revisions of products."""
