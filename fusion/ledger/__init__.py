"""Balances and the entries that explain every unit of them. Independent of telecom terms."""
