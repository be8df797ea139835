"""The layer around every request and for operators: request ids, limits, logs, metrics, health."""
