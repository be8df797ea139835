"""Who may do what: actors, permissions, visibility; and `@use_case`, the way to change anything."""
