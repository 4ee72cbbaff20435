"""Knowledge: article files, and the search over articles and macros."""
