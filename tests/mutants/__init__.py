"""`make mutants ROOM=ordering`: change one thing of a rule at a time, and see a test fail."""
