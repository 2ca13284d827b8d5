"""Rules that people write: read, checked, begun, explained. `checks` decides; `gathering` reads."""
