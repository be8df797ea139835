"""Orders: they grant and revoke what a subscription may provision."""
