"""End users and resource accounts of a subscription, and the number that each is linked to."""
