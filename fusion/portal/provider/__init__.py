"""Pages of the provider's settings."""
