"""A duty.yml that a test writes, with a small procedure beside it: Alice on duty, Bob next, Charlie off."""

from pathlib import Path

RUNBOOK = "---\nprocedure: stream_interruption\ntitle: gone\n---\n## Gone {#publisher-gone}\n1. Look.\n"
HEAD = """\
database: sqlite:///streamwatch.db
alert_rules: alert_rules
token_files: [token]
link_key_file: token
channels:
  phone: {type: webhook, url: "http://127.0.0.1:9/pages"}
people:
  - {id: alice, name: Alice, contacts: [{channel: phone, to: alice}]}
  - {id: bob, name: Bob, contacts: [{channel: phone, to: bob}]}
  - {id: charlie, name: 查理, contacts: [{channel: phone, to: charlie}]}
duty: {tech: [alice, bob], ops: [bob], service: [charlie]}
"""


def write_duty_file(folder: Path, more: str = "", head: str = HEAD) -> Path:
    """*more* is added at its end."""
    procedure = folder / "alert_rules" / "stream_interruption"
    procedure.mkdir(parents=True, exist_ok=True)
    (procedure / "rules.yml").write_text("groups: []\n")
    for language in ("zh", "en"):
        (procedure / f"runbook.{language}.md").write_text(RUNBOOK)
    (folder / "token").write_text("a-token-of-the-test")
    path = folder / "duty.yml"
    path.write_text(head + more, encoding="utf-8")
    return path
