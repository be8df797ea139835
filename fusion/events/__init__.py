"""Facts that another system may need: rows written in the transaction of the change."""
