"""Which versions run, whether any is too old, and whether there is a newer StreamWatch."""
