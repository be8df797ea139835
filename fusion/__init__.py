"""Fusion: orders, licences and provisioning limits for telecom service providers."""

__version__ = "0.1.0"
