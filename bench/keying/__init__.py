"""Parts of `bench/keys.py`: programs with a long list on a pty, and what a key does to them."""
