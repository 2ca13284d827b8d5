"""Which role an alert belongs to. Pure. An alert that nobody claims goes to the fallback role, and it shows."""

from dataclasses import dataclass

from streamwatch.alert import Alert
from streamwatch.duty import ROLES
from streamwatch.language import Text


@dataclass(frozen=True)
class Route:
    role: str
    routed: bool  # False: the fallback took it
    reason: Text


def route(alert: Alert, fallback_role: str) -> Route:
    """The role on the alert's label, unless it is missing, unknown, or the host, who is never paged."""
    role = alert.labels.get("role", "")
    if role == "host":
        return Route(fallback_role, False, Text("不呼叫主播", "the host is never paged"))
    if role in ROLES:
        return Route(role, True, Text("告警标签 role={role}", "label role={role}").format(role=role))
    if not role:
        return Route(fallback_role, False, Text("告警没有 role 标签", "the alert has no label role"))
    return Route(fallback_role, False, Text("岗位不存在", "its label names an unknown role"))
