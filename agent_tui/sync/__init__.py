"""Between the agent's machine and the server: push commands up, follow the feed down."""
