"""What leaves Fusion for the billing platform: the event feed."""
