"""A server of one's own behind the channel `webhook`: it knows the documented fields, and remembers each page."""

from typing import Any

from servers.stand_in import Answer, Request, StandIn, says

TOKEN = "token-of-the-phone"
TEXTS = {
    "version", "page_id", "kind", "incident_id", "severity", "stream", "hop", "procedure", "role", "alertname",
    "person", "to", "language", "title", "text", "runbook_step",
}  # fmt: skip
FIELDS = TEXTS | {"steps", "incidents", "ended", "told", "ack_url", "console_url", "drill", "maybe_repeated"}


class WebhookPhone(StandIn):
    def __init__(self, token: str = TOKEN) -> None:
        super().__init__("/pages/of-the-team-0123456789")
        self.secrets = (token, "of-the-team-0123456789")
        self.heard: list[dict[str, Any]] = []
        self._token = token

    def answer(self, request: Request) -> Answer:
        if self._token and request.headers.get("authorization") != f"Bearer {self._token}":
            return says({"error": "unauthorized"}, status=401)
        page = request.json
        if not isinstance(page, dict) or page.keys() != FIELDS:
            return says({"error": "not a page"}, status=400)
        if not all(isinstance(page[name], str) for name in TEXTS) or not isinstance(page["steps"], list):
            return says({"error": "not a page"}, status=400)
        self.heard.append(page)
        return says({"id": f"phone-{len(self.heard)}"}, status=201)
