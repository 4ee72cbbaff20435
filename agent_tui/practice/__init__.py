"""Scripted customers: the demo, practice, and the replay of recorded conversations."""
