"""Mails: how each is worded, where its links lead, and how it is handed over."""
