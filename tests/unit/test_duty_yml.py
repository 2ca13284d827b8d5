"""duty.yml: every mistake is named with its place and its cure, all at once, and no secret is echoed."""

import shutil
from pathlib import Path

import pytest

from streamwatch.config.load import load, warnings
from streamwatch.errors import ConfigError, Mistake
from streamwatch.incidents.informing import DEFAULT, Inform, Table

REPOSITORY = Path(__file__).parents[2]
GOOD = """\
listen: 127.0.0.1:8780
alert_rules: alert_rules
token_files: [secrets/token]
link_key_file: secrets/link_key
channels:
  group:
    type: dingtalk
    url_file: secrets/dingtalk_url
    secret_file: secrets/dingtalk_secret
people:
  - id: alice
    name: Alice
    contacts: [{channel: group, to: "13800000001"}]
  - id: bob
    name: Bob
    contacts: [{channel: group, to: "13800000002"}]
fallback_role: ops
duty:
  tech: [alice, bob]
sessions:
  - {id: a, stream: demo, start: 2026-11-22T19:00, end: 2026-11-22T23:30, duty: {tech: [bob]}}
"""
SECRETS = {
    "token": "api-t0ken",
    "link_key": "l1nk-key",
    "dingtalk_url": "https://example.org/robot/send?access_token=r0bot-token",
    "dingtalk_secret": "SECr0bot",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secrets").mkdir()
    for name, text in SECRETS.items():
        (tmp_path / "secrets" / name).write_text(f"{text}\n")
    shutil.copytree(REPOSITORY / "alert_rules", tmp_path / "alert_rules")
    return tmp_path


def mistakes(folder: Path, text: str) -> list[Mistake]:
    (folder / "duty.yml").write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(folder / "duty.yml")
    words = str(refused.value)
    assert not [secret for secret in SECRETS.values() if secret in words]
    return refused.value.mistakes


def test_a_good_file_is_loaded(folder: Path) -> None:
    """Paths are relative to the file; what is secret is in no repr."""
    (folder / "duty.yml").write_text(GOOD)
    config = load(folder / "duty.yml")

    assert config.own_token.get_secret_value() == "api-t0ken"
    assert config.book.people["alice"].contacts[0].to == "13800000001"
    assert config.book.sessions[0].start.utcoffset() is not None
    assert not [secret for secret in SECRETS.values() if secret in repr(config)]


def test_the_files_that_come_with_it_are_good() -> None:
    """The one of the demo, away from its secrets."""
    config = load(REPOSITORY / "config" / "duty.yml", read_secrets=False)

    assert config.book.fallback_role == "ops"


@pytest.mark.parametrize(
    ("before", "after", "line", "key", "says"),
    [
        ("fallback_role: ops", "fallbackrole: ops", 17, "fallbackrole", "did you mean 'fallback_role'?"),
        ("    name: Alice", "    nmae: Alice", 12, "people.0.nmae", "did you mean 'name'?"),
        ("    type: dingtalk", "    type: pigeon", 6, "channels.group", "dingtalk"),
        ("    type: dingtalk", "    type: dingtalk\n    colour: red", 8, "colour", "unknown key"),
        ("listen: 127.0.0.1:8780", "listen: 8780", 1, "listen", "string"),
        ("listen: 127.0.0.1:8780", "listen: localhost", 1, "listen", "write host:port, as in 127.0.0.1:8780"),
        ("listen: 127.0.0.1:8780", "timezone: Mars/Base", 1, "timezone", "write one like Asia/Shanghai"),
        ("  - id: alice", "  - id: Alice Wang", 11, "people.0.id", "match pattern"),
        ("[{channel: group,", "[{channel: phone,", 13, "people.0.contacts.0.channel", "channels are: group"),
        ("  tech: [alice, bob]", "  tech: [alice, mallory]", 19, "duty.tech.1", "nobody has the id 'mallory'"),
        ("  tech: [alice, bob]", "  tech: []", 19, "duty.tech", "at least 1 item"),
        ("  tech: [alice, bob]", "  technician: [alice]", 19, "duty.technician", "roles are tech ops service"),
        ("fallback_role: ops", "fallback_role: host", 17, "fallback_role", "'tech', 'ops'"),
        ("duty: {tech: [bob]}}", "duty: {tehc: [bob]}}", 21, "sessions.0.duty.tehc", "roles are tech ops service"),
        ("end: 2026-11-22T23:30", "end: 2026-11-22T01:30", 21, "sessions.0.end", "after midnight is the next day"),
        ("start: 2026-11-22T19:00", "start: tonight", 21, "sessions.0.start", "datetime"),
        ("link_key_file: secrets/link_key", "listen: 127.0.0.1:1", 4, "listen", "this key stands twice"),
        ("link_key_file: secrets/link_key\n", "", 1, "link_key_file", "is missing; add it"),
        ("[secrets/token]", "[secrets/none]", 3, "token_files.0", "cannot be read: No such file"),
        ("secrets/dingtalk_url", "secrets/none", 8, "url_file", "cannot be read: No such file"),
        ("secrets/dingtalk_secret", "secrets", 9, "secret_file", "cannot be read: Is a directory"),
        ("people:", "people: [", 11, "", "not YAML"),
        ("fallback_role: ops", "inform: [{procedure: x, roles: [data]}]", 17, "inform.0.procedure", "there are: "),
        ("fallback_role: ops", "inform: [{procedure: viewer_complaints, roles: [data], category: [pirce]}]", 17,
         "inform.0.category.0", "no category 'pirce'"),
        ("fallback_role: ops", "inform: [{procedure: other, roles: [data, host]}]", 17, "roles.1", "'tech', 'ops'"),
        ("fallback_role: ops", "inform: [{procedure: other, roles: [ops], alertz: []}]", 17, "alertz", "'alerts'?"),
        ("fallback_role: ops", "inform: [{procedure: other, roles: []}]", 17, "inform.0.roles", "at least 1 item"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_cure(
    folder: Path, before: str, after: str, line: int, key: str, says: str
) -> None:
    """One change to a good file, and exactly one mistake, where it was made."""
    assert before in GOOD
    (found,) = mistakes(folder, GOOD.replace(before, after, 1))

    assert (found.line, found.file) == (line, str(folder / "duty.yml"))
    assert found.key.endswith(key)
    assert says in found.text


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    """Whoever mends one does not meet the next one at the next start."""
    wrong = GOOD.replace("[secrets/token]", "[secrets/none]").replace("[alice, bob]", "[mallory]")
    (folder / "alert_rules" / "viewer_complaints" / "runbook.en.md").unlink()

    assert [found.text.splitlines()[0] for found in mistakes(folder, wrong)] == [
        f"the secret file {folder}/secrets/none cannot be read: No such file or directory",
        "nobody has the id 'mallory'; people are: alice bob",
        "the runbook is missing; every procedure has one in zh and en",
    ]


def test_an_id_that_stands_twice_is_refused(folder: Path) -> None:
    """Of people, and of sessions: each at its second place."""
    session = GOOD.splitlines()[-1]
    wrong = (
        GOOD.replace("[alice, bob]", "[alice]")
        .replace("tech: [bob]}", "tech: [alice]}")
        .replace("id: bob", "id: alice")
    )
    told = mistakes(folder, wrong + session.replace("[bob]", "[alice]") + "\n")

    assert [(found.line, found.key, found.text.splitlines()[0]) for found in told] == [
        (14, "people.1.id", "the id 'alice' stands twice; ids are unique"),
        (22, "sessions.1.id", "the id 'a' stands twice; ids are unique"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("fallback_role: ops", "fallbackrole: ops", "你是说“fallback_role”吗？"),
        ("    type: dingtalk", "    type: pigeon", "没有这种渠道；有 'webhook'"),
        ("    type: dingtalk", "    type: dingtalk\n    colour: red", "没有这个键"),
        ("listen: 127.0.0.1:8780", "listen: 8780", "应为文字"),
        ("listen: 127.0.0.1:8780", "listen: localhost", "应为 地址:端口，例如 127.0.0.1:8780"),
        ("listen: 127.0.0.1:8780", "timezone: Mars/Base", "没有这个时区，例如 Asia/Shanghai"),
        ("listen: 127.0.0.1:8780", "public_url: nope", "不是完整的地址"),
        ("  - id: alice", "  - id: Alice Wang", "只能用小写字母"),
        ("[{channel: group,", "[{channel: phone,", "没有渠道“phone”；渠道有：group"),
        ("  tech: [alice, bob]", "  tech: [alice, mallory]", "没有人的 id 是“mallory”；有：alice bob"),
        ("  tech: [alice, bob]", "  tech: alice", "应为列表"),
        ("  tech: [alice, bob]", "  tech: []", "至少写 1 项"),
        ("  tech: [alice, bob]", "  technician: [alice]", "没有这个岗位；岗位有 tech"),
        ("fallback_role: ops", "escalation: {P9: []}", "只能写 'P0', 'P1'"),
        ("fallback_role: ops", "escalation: {P0: [{after: -1, call: backup}]}", "应大于 0"),
        ("fallback_role: ops", "escalation: {P0: [{after: soon, call: backup}]}", "应为数字"),
        ("  tech: [alice, bob]", "  tech: [alice，bob]", "这里是全角符号“，”，请换成半角“,”"),
        ("[{channel: group,", "[{channel：group，", "这里是全角符号“：”，请换成半角“:”"),
        ("end: 2026-11-22T23:30", "end: 2026-11-22T01:30", "过了零点就是第二天"),
        ("start: 2026-11-22T19:00", "start: tonight", "应为时间，例如 2026-11-22T19:00"),
        ("link_key_file: secrets/link_key", "listen: 127.0.0.1:1", "这个键写了两次"),
        ("link_key_file: secrets/link_key\n", "", "缺少，请加上"),
        ("[secrets/token]", "[secrets/none]", "无法读取：No such file or directory\n先把它写到那里"),
        ("    secret_file", "    url: https://example.org\n    secret_file", "url 和 url_file 要写其中一个"),
        ("alert_rules: alert_rules", "alert_rules: secrets", "这个目录下没有 <预案>/rules.yml"),
        ("fallback_role: ops", "inform: [{procedure: x, roles: [data]}]", "alert_rules 里没有预案“x”；有："),
    ],
)  # fmt: skip
def test_who_reads_chinese_is_told_in_chinese(folder: Path, before: str, after: str, says: str) -> None:
    """The same one mistake, with its cure."""
    assert before in GOOD
    (found,) = mistakes(folder, GOOD.replace(before, after, 1))

    assert says in found.text_zh


@pytest.mark.parametrize(
    ("url", "channel", "warned"),
    [
        ("http://127.0.0.1:8780", "dingtalk", True),
        ("http://localhost:8780", "dingtalk", True),
        ("http://[::1]:8780", "dingtalk", True),
        ("http://192.168.1.20:8780", "dingtalk", False),
        ("https://watch.example.org", "dingtalk", False),
        ("http://127.0.0.1:8780", "webhook", False),
    ],
)
def test_links_that_no_phone_can_open_are_warned_of(folder: Path, url: str, channel: str, warned: bool) -> None:
    """Robots send links to phones; a webhook may be read on this machine, as the demo's is."""
    text = GOOD.replace("listen:", f"public_url: {url}\nlisten:")
    if channel == "webhook":
        text = text.replace("type: dingtalk", "type: webhook").replace(
            "    secret_file: secrets/dingtalk_secret\n", ""
        )
    (folder / "duty.yml").write_text(text)
    doubts = warnings(load(folder / "duty.yml"))

    assert [("手机打不开" in doubt.zh, "group" in doubt.en) for doubt in doubts] == [(True, True)] * warned


@pytest.mark.parametrize(
    "secret", ["secret：SECr0bot-inline", "secret: SECr0bot-inline", "sekret: SECr0bot-inline", "[SECr0bot-inline]"]
)
def test_a_secret_in_a_wrong_place_is_not_repeated(folder: Path, secret: str) -> None:
    """Errors go to terminals, logs and chats; what stands beside the mistake stays in the file."""
    wrong = GOOD.replace("    type: dingtalk", f"    type: dingtalk\n    {secret}")
    told = mistakes(folder, wrong)

    assert told
    assert "SECr0bot-inline" not in "".join(map(str, told))


@pytest.mark.parametrize("text", ["", "- a list", "just words", "5"])
def test_a_file_that_is_no_mapping_is_refused(folder: Path, text: str) -> None:
    """An empty file calls nobody: that is not what its writer meant."""
    (found,) = mistakes(folder, text)

    assert "must be a mapping of keys" in found.text


def test_a_folder_without_rules_is_refused(folder: Path) -> None:
    """A wrong path would mean pages without steps."""
    (found,) = mistakes(folder, GOOD.replace("alert_rules: alert_rules", "alert_rules: secrets"))

    assert "no <procedure>/rules.yml below this folder" in found.text


def test_the_other_language_must_not_be_told_less(folder: Path) -> None:
    """Runbooks in both languages have the same sections and as many steps."""
    path = folder / "alert_rules" / "stream_interruption" / "runbook.en.md"
    path.write_text(path.read_text().replace("{#publisher-gone}", "{#publisher-lost}"))

    assert {found.key for found in mistakes(folder, GOOD)} == {"#publisher-gone", "#publisher-lost"}


@pytest.mark.parametrize(
    ("said", "table"),
    [
        ("", DEFAULT),
        ("inform: []\n", []),
        (
            "inform: [{procedure: other, roles: [data], severity: [P0, P1], category: [x], alerts: [A]}]\n",
            [Inform("other", ("data",), ("P0", "P1"), ("x",), ("A",))],
        ),
    ],
)
def test_who_is_told_is_as_usual_unless_it_is_said(folder: Path, said: str, table: Table) -> None:
    """A table replaces the usual one, and an empty one tells nobody."""
    (folder / "duty.yml").write_text(GOOD + said)
    assert list(load(folder / "duty.yml").file.informed) == list(table)


def test_a_canary_for_nobody_is_a_mistake(folder: Path) -> None:
    """With its place, and who there is."""
    (mistake,) = mistakes(folder, GOOD + "canary: {person: mallory, at: '10:00'}\n")
    assert mistake.key == "canary.person"
    assert mistake.text.startswith("nobody has the id 'mallory'; people are: alice bob\n")
