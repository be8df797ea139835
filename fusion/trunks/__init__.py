"""SIP trunks, call admission within the ordered channels, and call records."""
