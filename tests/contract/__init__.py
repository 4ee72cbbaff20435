"""The HTTP interface as it is promised, over real connections."""
