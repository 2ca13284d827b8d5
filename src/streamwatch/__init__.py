"""StreamWatch: knows within seconds that a live stream is failing, and calls the one person whose job it is."""

__version__ = "0.1.0"
