"""How often each alert opened an incident, was called a false alarm, and was of use: which rules to mend. Pure."""

from collections import Counter
from collections.abc import Sequence

from streamwatch.report.incidents import Incident


def by_alert(incidents: Sequence[Incident]) -> list[dict[str, str | int]]:
    """The alerts with most false alarms first. Drills, and what is part of another incident, do not count."""
    counted = [each for each in incidents if not each.get("drill") and each.get("state") != "merged"]
    opened = Counter(str(each.get("alertname", "")) for each in counted)
    false = Counter(str(each.get("alertname", "")) for each in counted if each.get("false_alarm_at"))
    useful, useless = _rated(counted, useful=True), _rated(counted, useful=False)
    names = sorted(opened, key=lambda name: (-false[name], -useless[name], -opened[name], name))
    return [
        {
            "alertname": name,
            "incidents": opened[name],
            "false_alarms": false[name],
            "useful": useful[name],
            "not_useful": useless[name],
        }
        for name in names
    ]


def _rated(incidents: Sequence[Incident], *, useful: bool) -> Counter[str]:
    """By alert, how many people said so of a page."""
    return Counter(
        str(each.get("alertname", ""))
        for each in incidents
        for rating in each.get("ratings", ())
        if rating["useful"] is useful
    )
