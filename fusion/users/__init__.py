"""End users and resource accounts of a subscription, and the number linked to each."""
