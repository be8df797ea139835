"""API clients and their access tokens (OAuth 2)."""
