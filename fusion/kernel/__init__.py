"""Foundations for every room, without imports of ours: errors, ids, time, paging, limits."""
