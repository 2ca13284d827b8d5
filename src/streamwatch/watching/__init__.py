"""StreamWatch watches itself: the way of the alerts, its peers, its own clock and seat."""
