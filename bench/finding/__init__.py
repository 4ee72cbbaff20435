"""A filled workstation on a pty, and how fast it finds."""
