"""Users, their numbers, and batches of them."""
