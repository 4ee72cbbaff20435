"""What the send guards know: how words are disguised, which may not be said, whose a name is."""
