"""Server, sync, cache and desk together, with a wire that fails."""
