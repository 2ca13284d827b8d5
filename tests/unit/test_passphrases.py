"""Passphrases: a file of lines, hashes that are strong, and no way to tell whether a name exists."""

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from streamwatch.access.passphrases import (
    BadPassphrase,
    Doorkeeper,
    decoy,
    hash_of,
    line_of,
    matches,
    read,
    with_line,
)

CHEAP = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
BRIDGE = "alice walks over the bridge"


def test_a_line_is_read_back_and_opens() -> None:
    """By this passphrase, and by no other."""
    found, broken = read(f"# people\n\n{line_of('alice', BRIDGE)}\n")

    assert (list(found), broken) == (["alice"], [])
    assert extract_parameters(found["alice"]).type is Type.ID
    assert matches(found["alice"], BRIDGE)
    assert not matches(found["alice"], BRIDGE + "!")
    assert BRIDGE not in found["alice"]


def test_what_an_input_method_writes_is_one_passphrase() -> None:
    """Full-width letters and composed accents: the same words, typed elsewhere. Blanks around are not counted."""
    hashed = hash_of("ｃａｆé 直播间的夜晚很长")

    assert matches(hashed, " cafe\u0301 直播间的夜晚很长 ")


@pytest.mark.parametrize("said", ["", "too short", "x" * 257, " " * 20])
def test_what_is_no_passphrase_is_refused(said: str) -> None:
    """With how long it has to be, in both languages."""
    with pytest.raises(BadPassphrase) as refused:
        hash_of(said)
    assert ["12" in words for words in refused.value.words] == [True, True]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("alice", "line 2 is not name:hash"),
        ("Alice Walker:$argon2id$", "line 2 is not name:hash"),
        ("alice:s3cret words", "line 2: the hash is weak"),
        (f"alice:{PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash('s3cret')}", "the hash is weak"),
        (f"alice:{PasswordHasher(type=Type.I).hash('s3cret')}", "not argon2id"),
        (f"bob:{CHEAP.hash('s3cret')}", "bob stands twice"),
    ],
    ids=["no colon", "a name with a space", "no hash", "a weak hash", "another kind", "twice"],
)
def test_a_bad_line_is_named_and_not_repeated(line: str, says: str) -> None:
    """Its number, and the cure; never what stands in it, which may be the passphrase itself."""
    good = f"bob:{CHEAP.hash('bob walks over the bridge')}"
    found, broken = read(f"{good}\n{line}\n")

    assert list(found) == ["bob"]
    assert says in broken[0].text.en
    assert "2 行" in broken[0].text.zh
    assert not [words for words in broken[0].text if "s3cret" in words or "$" in words]


def test_a_new_line_takes_the_place_of_the_old() -> None:
    """The others and the comments stay."""
    text = with_line("# ours\nalice:old\nbob:b\n", "alice:new")

    assert text == "# ours\nbob:b\nalice:new\n"
    assert with_line("", "alice:new") == "alice:new\n"


def test_an_unknown_name_is_tried_as_dearly_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """One hash of the same cost for each try; no passphrase opens it."""
    hashes = {"alice": CHEAP.hash(BRIDGE)}
    tried: list[str] = []
    monkeypatch.setattr("streamwatch.access.passphrases.matches", lambda hashed, said: not tried.append(hashed))
    keeper = Doorkeeper(hashes)

    assert keeper.admits("alice", BRIDGE)
    assert not keeper.admits("mallory", BRIDGE)
    assert tried[0] == hashes["alice"]
    assert extract_parameters(tried[1]) == extract_parameters(hashes["alice"])
    assert extract_parameters(decoy([])).type is Type.ID
