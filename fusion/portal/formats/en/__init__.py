"""English: as most of its readers outside of America write dates."""
