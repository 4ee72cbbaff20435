"""Widgets hold view state only: cursor, scroll, what is folded. They never query."""
