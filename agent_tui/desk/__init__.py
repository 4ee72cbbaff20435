"""What a screen talks to: read models, and one way to do something."""
