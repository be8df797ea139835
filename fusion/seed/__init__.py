"""Fictitious providers of any size, with the ledger that the real functions would have written."""
