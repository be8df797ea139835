"""Pages for: changes of everything below an organization."""
