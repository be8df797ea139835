"""German: Django's formats, with short ones for charts."""
