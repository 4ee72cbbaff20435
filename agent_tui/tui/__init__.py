"""The terminal: screens, widgets, and one class per thing a person can want."""
