"""Generated pages and pictures, and the programs that make them."""
