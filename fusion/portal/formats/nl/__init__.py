"""Dutch: Django's own formats, but short ones for charts."""
