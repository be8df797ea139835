"""Answers hot routes before Django, and lets their writes share transactions."""
