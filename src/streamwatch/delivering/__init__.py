"""From a page that is due to a message that arrived: words, pace, tries, other ways."""
