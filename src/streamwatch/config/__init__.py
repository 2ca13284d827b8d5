"""The receiver's configuration: duty.yml and what it points to."""

from streamwatch.config.load import Config, load

__all__ = ["Config", "load"]
