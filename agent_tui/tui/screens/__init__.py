"""Screens: composition and wiring."""
