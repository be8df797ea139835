"""What surrounds every request, and what operators look at: ids, limits, logs, metrics, health."""
