"""Balances and the entries that explain every unit of them. Knows no telecom noun."""
