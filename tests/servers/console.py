"""The console as a browser has it: cookies, forms, the headers that browsers send; and people with passphrases.

Alice is an admin, Bob is ops, Charlie may view.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from argon2 import PasswordHasher

PASSPHRASES = {name: f"{name} walks over the bridge" for name in ("alice", "bob", "charlie")}
RIGHTS = {"alice": "admin", "charlie": "viewer"}
VIEW_TOKEN, OPS_TOKEN = "a-token-that-may-view", "a-token-that-may-act"


@cache
def lines() -> str:
    """As cheap as the configuration allows."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    return "".join(f"{name}:{hasher.hash(said)}\n" for name, said in PASSPHRASES.items())


def doors(folder: Path, **more: object) -> dict[str, object]:
    """What duty.yml says of the console and its tokens; the files lie in *folder*."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    for name, text in (("passphrases", lines()), ("view_token", VIEW_TOKEN), ("ops_token", OPS_TOKEN)):
        (secrets / name).write_text(text)
    tokens = [
        {"token_file": "secrets/ops_token", "right": "ops"},
        "secrets/token",
        {"token_file": "secrets/view_token", "right": "viewer", "name": "wall"},
    ]
    console = {"passphrases_file": "secrets/passphrases", "rights": RIGHTS}
    return {"token_files": tokens, "console": console | more}


@dataclass
class Form:
    """A form of a page, as it is filled in when it is shown."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    is_multipart: bool = False


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.found: list[Form] = []
        self.inside: Form | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.page, given.get("action") or self.page)
            self.inside = Form(action, given.get("method", "get"), {}, "multipart" in given.get("enctype", ""))
            self.found.append(self.inside)
        elif self.inside is None:
            return
        elif tag == "input" and given.get("type") != "file" and "name" in given:
            self.inside.fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self.select = given["name"]
        elif tag == "option" and self.select and ("selected" in given or self.select not in self.inside.fields):
            self.inside.fields[self.select] = given.get("value", "")  # the first one, until one is chosen

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = None
        elif tag == "select":
            self.select = None


def forms(page: httpx.Response) -> list[Form]:
    """Those that post, as a person who fills in what must be would send them."""
    parser = _Forms(str(page.url))
    parser.feed(page.text)
    for form in parser.found:
        for name in form.fields:
            form.fields[name] = form.fields[name] or {"note": "a word", "name": "nobody"}.get(name, "")
    return [form for form in parser.found if form.method == "post"]


class Browser:
    """Keeps cookies, says where a form stood."""

    def __init__(self, base: str, **more: Any) -> None:
        headers = {"Accept": "text/html", "Accept-Language": "en"}
        self.base = base
        self.http = httpx.Client(base_url=base, timeout=30, headers=headers, **more)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, **more)

    def forms(self, path: str) -> list[Form]:
        return forms(self.get(path))

    def form(self, path: str, ending: str) -> Form:
        """The one whose action ends so."""
        found = self.forms(path)
        return next(each for each in found if each.action.split("?")[0].endswith(ending))

    def send(
        self, form: Form, origin: str | None = None, headers: Mapping[str, str] | None = None, **changes: str | None
    ) -> httpx.Response:
        """*changes* are filled in; None: the field is not sent at all."""
        fields = {name: value for name, value in {**form.fields, **changes}.items() if value is not None}
        said = {"Origin": origin or self.base, **(headers or {})}
        files = {"file": ("kept.txt", b"something seen")} if form.is_multipart else None
        return self.http.post(form.action, data=fields, files=files, headers=said)

    def log_in(self, name: str, passphrase: str | None = None, target: str = "/") -> httpx.Response:
        said = PASSPHRASES.get(name, "") if passphrase is None else passphrase
        return self.send(self.form(f"/login?next={target}", "/login"), name=name, passphrase=said)
