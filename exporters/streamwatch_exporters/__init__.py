"""Probes of StreamWatch: they measure streams, chat and viewers, and never judge."""

__version__ = "0.1.0"
