"""SIP trunks, the calls on them, and call records."""
