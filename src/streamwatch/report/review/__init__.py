"""The review in words: what happened in a session or a week, how it was handled, and what the record suggests."""
