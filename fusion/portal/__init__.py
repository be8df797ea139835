"""Pages for people. They call the same use cases as the API and contain no business rules."""
