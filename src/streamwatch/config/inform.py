"""What `inform:` of duty.yml says: who is told of which incidents, and not called for them."""

from collections.abc import Collection, Iterator
from typing import Annotated

from pydantic import Field

from streamwatch.alert import Severity
from streamwatch.config.roster import CalledRole, Part
from streamwatch.errors import Mistake
from streamwatch.incidents.informing import Inform
from streamwatch.language import Text
from streamwatch.vocabulary import CATEGORIES
from streamwatch.yaml_file import YamlFile

COMPLAINTS = "viewer_complaints"
NO_PROCEDURE = Text(
    "alert_rules 里没有预案“{name}”；有：{known}", "alert_rules has no procedure '{name}'; there are: {known}"
)
NO_CATEGORY = Text("投诉没有类别“{name}”；有：{known}", "complaints have no category '{name}'; there are: {known}")


class InformPart(Part):
    """`roles` are told of alerts of `procedure`; what is not named asks for nothing."""

    procedure: str
    roles: Annotated[tuple[CalledRole, ...], Field(min_length=1)]
    severity: tuple[Severity, ...] = ()
    category: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()

    def as_inform(self) -> Inform:
        return Inform(self.procedure, tuple[str, ...](self.roles), self.severity, self.category, self.alerts)


def tells_nobody(source: YamlFile, parts: Collection[InformPart], procedures: Collection[str]) -> Iterator[Mistake]:
    """Lines that no alert can ever be meant by."""
    for index, part in enumerate(parts):
        if part.procedure not in procedures:
            words = NO_PROCEDURE.format(name=part.procedure, known=" ".join(sorted(procedures)))
            yield source.mistake(("inform", index, "procedure"), words)
        for number, category in enumerate(part.category):
            if part.procedure == COMPLAINTS and category not in CATEGORIES:
                words = NO_CATEGORY.format(name=category, known=" ".join(CATEGORIES))
                yield source.mistake(("inform", index, "category", number), words)
