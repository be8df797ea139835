"""French: Django's formats, with short ones for charts."""
