"""Measures each hot path over HTTP against the same database function under pgbench."""
