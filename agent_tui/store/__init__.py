"""The agent's machine: cache.db can be deleted at any moment, outbox.db never."""
