"""Pages for people. Nothing is decided here."""
