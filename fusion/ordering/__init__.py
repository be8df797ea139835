"""Orders: how what was sold becomes what may be provisioned."""
