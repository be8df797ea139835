"""The demonstration: a realistic fictitious provider, and the main workflow shown on it."""
