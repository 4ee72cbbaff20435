"""Macros: canned replies as files, rendered in a sandbox that can compute nothing."""
