"""Data for the billing platform and the overview: the event feed, reports, sums."""
