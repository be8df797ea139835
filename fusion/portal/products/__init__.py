"""Pages of: products, and the SKUs that they are made of."""
