"""The hot door: answers hot routes before Django, and lets their writes share transactions."""
