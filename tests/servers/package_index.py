"""A stand-in for a package index that speaks the simple API as JSON (PEP 691): strict about what it is asked.

With *login* it wants HTTP Basic. It answers for one project; a client that does not accept the JSON gets HTML.
"""

import base64
import json
from collections.abc import Iterable

from servers.stand_in import Answer, Request, StandIn, says

KIND = "application/vnd.pypi.simple.v1+json"


class PackageIndex(StandIn):
    def __init__(self, *names: str, yanked: Iterable[str] = (), login: str | None = None) -> None:
        """*names* are of files; *yanked* those of them that were taken back."""
        super().__init__("/simple")
        self.names, self.yanked, self.login = names, frozenset(yanked), login
        self.api_version = "1.1"

    def answer(self, request: Request) -> Answer:
        if self.login is not None:
            wanted = f"Basic {base64.b64encode(self.login.encode()).decode()}"
            if request.headers.get("authorization") != wanted:
                return says({"message": "who is there?"}, 401)
        if request.path != "/simple/streamwatch/":
            return says({"message": "not found"}, 404)
        if request.headers.get("accept") != KIND:
            return Answer(200, b"<!DOCTYPE html><a>streamwatch</a>", {"Content-Type": "text/html"})
        files = [
            {"filename": name, "url": f"files/{name}", "hashes": {}, **self._taken_back(name)}
            for name in self.names
        ]
        body = {"meta": {"api-version": self.api_version}, "name": "streamwatch", "files": files}
        return Answer(200, json.dumps(body).encode(), {"Content-Type": KIND})

    def _taken_back(self, name: str) -> dict[str, object]:
        """PEP 592: a reason, or nothing at all."""
        return {"yanked": "it was broken"} if name in self.yanked else {}
