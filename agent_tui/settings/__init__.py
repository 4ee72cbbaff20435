"""The tables of config.toml, each with its defaults, bounds and what they mean."""
