"""What goes out at each step of the adoption, and the words that say what does not."""

from pathlib import Path

import pytest

from servers.duty_file import write_duty_file
from servers.story import person
from streamwatch.config import load
from streamwatch.config.adopted import held_back
from streamwatch.config.load import warnings
from streamwatch.errors import ConfigError
from streamwatch.incidents.adoption import STEPS, Adoption, Step, Subject
from streamwatch.watching.adoption_metrics import AdoptionCollector

INTERRUPTION = Subject("stream_interruption")
REPORTED = Subject("stream_interruption", asked_for=True)


@pytest.mark.parametrize(
    ("step", "calls", "insists"), [("observe", False, False), ("notify", True, False), ("escalate", True, True)]
)
def test_each_step_adds_to_what_goes_out(step: Step, calls: bool, insists: bool) -> None:
    """Nothing, then the first call, then all that follows when nobody takes it."""
    adoption = Adoption(step)
    assert (adoption.calls(INTERRUPTION), adoption.insists(INTERRUPTION)) == (calls, insists)


@pytest.mark.parametrize("step", STEPS)
def test_what_somebody_asked_for_goes_out_whole_at_any_step(step: Step) -> None:
    """A person's report, a drill, the silence of the Watchdog."""
    adoption = Adoption(step)
    assert adoption.calls(REPORTED)
    assert adoption.insists(REPORTED)


def test_a_procedure_may_be_ahead_of_the_others() -> None:
    """What is said of one counts for it alone; only when all escalate is nothing held back."""
    adoption = Adoption("notify", {"viewer_complaints": "observe"})
    assert [adoption.of("viewer_complaints"), adoption.of("stream_interruption")] == ["observe", "notify"]
    assert not adoption.is_whole
    assert Adoption("escalate", {"viewer_complaints": "escalate"}).is_whole


def test_no_telephone_rings_before_it_escalates() -> None:
    """Voice contacts are left out, unless somebody has no other: a page that reaches nobody helps nobody."""
    alice, bob = person("alice", "call", "phone"), person("bob", "call")
    adoption = Adoption("notify", voice=frozenset({"call"}))
    assert [adoption.spared(INTERRUPTION, each) for each in (alice, bob)] == [(0,), ()]
    assert adoption.spared(REPORTED, alice) == ()
    assert Adoption("escalate", voice=frozenset({"call"})).spared(INTERRUPTION, alice) == ()


def test_duty_yml_says_one_step_for_all_or_one_for_each(tmp_path: Path) -> None:
    """A word, or a mapping with a default; without either all is adopted, and no word is lost about it."""
    for more, default, one in (
        ("", "escalate", "escalate"),
        ("adoption: observe\n", "observe", "observe"),
        ("adoption: {default: notify, stream_interruption: observe}\n", "notify", "observe"),
        ("adoption: {stream_interruption: notify}\n", "escalate", "notify"),
    ):
        adopted = load(write_duty_file(tmp_path, more)).file.adopted
        assert (adopted.default, adopted.of("stream_interruption")) == (default, one)
    assert held_back(Adoption()) == []


def test_a_misspelt_procedure_or_step_is_refused_by_its_place(tmp_path: Path) -> None:
    """It would call, or not, as nobody meant it: the line and what can be written there."""
    with pytest.raises(ConfigError) as unknown:
        load(write_duty_file(tmp_path, "adoption: {stream_interuption: observe}\n"))
    assert "no procedure 'stream_interuption'; procedures are: default stream_interruption" in str(unknown.value)
    assert "duty.yml:12:" in str(unknown.value)
    with pytest.raises(ConfigError) as wrong:
        load(write_duty_file(tmp_path, "adoption: watch\n"))
    assert "'observe', 'notify' or 'escalate'" in str(wrong.value)


def test_check_says_in_words_that_nobody_is_called(tmp_path: Path) -> None:
    """The observation of all, and of one procedure among others, in both languages."""
    (all_of_it, *_) = warnings(load(write_duty_file(tmp_path, "adoption: observe\n")))
    assert "NOBODY IS CALLED" in all_of_it.en
    assert "every procedure" in all_of_it.en
    assert "不呼叫任何人" in all_of_it.zh
    mixed = write_duty_file(tmp_path, "adoption: {default: notify, stream_interruption: observe}\n")
    observing, notifying, *_ = warnings(load(mixed))
    assert "直播中断" in observing.zh
    assert "其他预案" in notifying.zh


def test_the_step_of_each_procedure_is_a_metric() -> None:
    """One series for each that has a runbook, with its step as a label."""
    adoption = Adoption("notify", {"viewer_complaints": "observe"})
    collector = AdoptionCollector(lambda: adoption, lambda: {"stream_interruption", "viewer_complaints"})
    (family,) = collector.collect()
    assert [(each.labels["procedure"], each.labels["step"], each.value) for each in family.samples] == [
        ("stream_interruption", "notify", 1.0),
        ("viewer_complaints", "observe", 1.0),
    ]
