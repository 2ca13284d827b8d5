"""`streamwatch up`: the real parts, started together, watched, and stopped together."""
