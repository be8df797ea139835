"""English: dates as most readers outside America write them."""
