"""How far the clock of a server is ahead of ours, from the Date header of its answers. Pure.

Date has whole seconds, hence half a second is added, and the result is right to within that.
"""

from collections import deque
from statistics import median

from streamwatch_exporters.hls_values import optional_whole

_SAMPLES = 15
_HALF_A_SECOND = 0.5


class ClockSkew:
    """`seconds` is None until a server told its time."""

    def __init__(self) -> None:
        self.seconds: float | None = None
        self._samples: deque[float] = deque(maxlen=_SAMPLES)

    def learn(self, server_time: float | None, midpoint: float, age: str = "") -> None:
        """*midpoint* is our wall-clock time in the middle of the request.

        A cache that stored an answer keeps its Date and says in Age how old it is (RFC 9111 section 5.1).
        """
        if server_time is not None:
            self._samples.append(server_time + (optional_whole(age) or 0) + _HALF_A_SECOND - midpoint)
            self.seconds = median(self._samples)
