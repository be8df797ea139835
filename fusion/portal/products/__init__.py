"""Pages for: products and SKUs."""
