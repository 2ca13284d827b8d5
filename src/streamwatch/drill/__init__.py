"""A real fault made on purpose: marked as such, timed, judged by whether the right person got the right page."""
