"""What the law asks, as files of dated data, one for each jurisdiction; `keep_days` bounds `retention`."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from streamwatch.errors import ConfigError, Mistake
from streamwatch.language import Text
from streamwatch.yaml_file import YamlFile


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(_Part):
    zh: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def read_in(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


def _as_text(value: Any) -> Any:
    """YAML reads a whole date as one, and leaves a month alone."""
    return value.isoformat() if isinstance(value, date) else value


class Rule(_Part):
    """*only_for* are matters of `trigger`; empty: for every violation. *read* says how well it is known.

    *keep_days*: records must be kept so long at least.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    name: Both
    in_force: Annotated[str, BeforeValidator(_as_text), Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] | None = None
    binds: Literal["platform", "operator", "both"]
    only_for: tuple[str, ...] = ()
    says: Both
    keep_days: Annotated[int, Field(gt=0)] | None = None
    source: Both
    read: Literal["primary", "secondary"]


class Law(_Part):
    jurisdiction: Both
    checked: date
    caution: Both
    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]

    def on(self, matter: str, *, violation: bool) -> list[Rule]:
        """Those that may matter: for content all general ones, for anything else only what names it."""
        return [rule for rule in self.rules if matter in rule.only_for or (violation and not rule.only_for)]


def too_short(laws: Iterable[Law], days: int) -> Text | None:
    """Why records cannot be deleted after *days*, with the cure; None when no law says so."""
    asking = [rule for law in laws for rule in law.rules if rule.keep_days and rule.keep_days > days]
    if not asking:
        return None
    most = max(asking, key=lambda rule: rule.keep_days or 0)
    return Text(
        f"太短：{most.name.zh}要求保存至少 {most.keep_days} 天，请写 {most.keep_days} 或更多；不写则一直保存",
        f"too short: {most.name.en} asks for {most.keep_days} days at least; write {most.keep_days} or more, "
        "or leave it out to keep everything",
    )


def load_laws(paths: tuple[Path, ...]) -> tuple[tuple[Law, ...], list[Mistake]]:
    """Those that can be read, and every mistake of the others with its place."""
    found, mistakes = list[Law](), list[Mistake]()
    for path in paths:
        try:
            source = YamlFile(path)
            found.append(Law.model_validate(source.data))
        except ConfigError as error:
            mistakes += error.mistakes
        except ValidationError as error:
            for each in error.errors(include_url=False, include_input=False):
                said = Text(f"{each['msg']}；格式见 config/law/cn.yml", f"{each['msg']}; see config/law/cn.yml")
                mistakes.append(source.mistake(each["loc"], said))
    return tuple(found), mistakes
