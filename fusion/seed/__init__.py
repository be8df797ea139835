"""Operators of any size, made up: with the books that the real functions would have written."""
