"""Events: facts that other systems may need, written in the transaction of the change."""
