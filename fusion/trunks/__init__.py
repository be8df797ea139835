"""SIP trunks, the admission of their calls within the ordered channels, and call records."""
