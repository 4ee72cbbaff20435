"""Parts of bench/search.py, bench/search_quality.py and bench/search_sets.py."""
