"""Organizations, subscriptions, people and API clients; permissions; and `@use_case`, the way to
change anything.
"""
