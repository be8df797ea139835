"""What spans nouns: founding a group, suspending and terminating, deleting organizations."""
