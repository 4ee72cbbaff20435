"""The command line. Modules here are light: what a command needs is imported inside it."""
