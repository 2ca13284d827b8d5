"""What a review takes from duty.yml."""

from streamwatch.config import Config
from streamwatch.language import Language, Text
from streamwatch.report.review.review import StepTitle
from streamwatch.report.review.suggestions import TimeBoxes


def time_boxes(config: Config) -> TimeBoxes:
    """Of each severity the first step of its escalation: until then whoever is called should have taken it."""
    return {severity: min(step.after for step in steps) for severity, steps in config.file.policy.items() if steps}


def step_titles(config: Config) -> StepTitle:
    def title(procedure: str, anchor: str) -> Text:
        books = [config.runbooks.get((procedure, language)) for language in ("zh", "en")]
        found = [book and book.sections.get(anchor) for book in books]
        zh, en = (section.title if section else anchor for section in found)
        return Text(zh, en)

    return title


def languages(config: Config) -> tuple[Language, ...]:
    """Those that people of the team read."""
    read = {person.language for person in config.book.people.values()}
    return tuple(each for each in ("zh", "en") if each in read)
