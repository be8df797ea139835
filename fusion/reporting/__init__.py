"""Reports, the overview and its roll-up."""
