"""Mails: wording, links, and delivery."""
