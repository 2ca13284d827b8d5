"""A body in words of one's own: Jinja2 over the documented fields of a page, with nothing else in reach.

What a page says comes from outside, so a template sees plain values only: no attribute, no call, no global. In JSON
every value is escaped where it stands: `{"text": "{{ title }}"}` stays JSON whatever viewers write; a list or a
value of its own is written bare: `{"steps": {{ steps }}}`. What a page does not have is an empty text.
"""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from jinja2 import StrictUndefined, TemplateError, Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = ("upper", "lower", "trim", "truncate", "join", "default", "first", "last", "length", "replace")


class Template:
    """Raises ValueError with the cure when *source* is no template."""

    def __init__(self, source: str, content_type: str) -> None:
        self._json = content_type.endswith("json")
        try:
            self._template = _Bare(self._json).from_string(source)
        except TemplateError as error:
            raise ValueError(f"template: {error.message or 'is no template'}") from None

    def fill(self, fields: Mapping[str, Any]) -> str:
        """The body. Raises ValueError when the template asks for what is not there, or makes no JSON."""
        try:
            made = self._template.render(fields)
        except (TemplateError, TypeError, ArithmeticError) as error:
            said = error.message if isinstance(error, TemplateError) else type(error).__name__
            raise ValueError(f"template: {said}") from None
        if self._json:
            try:
                json.loads(made)
            except ValueError as error:
                raise ValueError(f"template: what it makes is no JSON ({type(error).__name__})") from None
        return made


class _Bare(ImmutableSandboxedEnvironment):
    """Values, subscripts and a few filters."""

    def __init__(self, in_json: bool) -> None:
        finalize = _in_json if in_json else None
        super().__init__(undefined=StrictUndefined, finalize=finalize, autoescape=False, keep_trailing_newline=True)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}

    def getattr(self, _obj: Any, attribute: str) -> NoReturn:
        raise SecurityError(f"no attributes in a template: .{attribute}")

    def is_safe_attribute(self, _obj: Any, _attr: str, _value: Any) -> bool:
        return False

    def is_safe_callable(self, _obj: Any) -> bool:
        return False


def _in_json(value: Any) -> Any:
    """A text without its quotes, to stand between those of the template; everything else as JSON."""
    if value is None or isinstance(value, Undefined):
        return "" if value is None else value
    written = json.dumps(value, ensure_ascii=False)
    return written[1:-1] if isinstance(value, str) else written
