"""How Feishu reads a card (JSON 1.0): which components there are, and what of it is shown in the first language."""

from typing import Any, NamedTuple

TEMPLATES = ("blue", "wathet", "turquoise", "green", "yellow", "orange", "red", "carmine", "violet", "purple",
             "indigo", "grey", "default")  # fmt: skip
TEXTS = ("plain_text", "lark_md")


class Shown(NamedTuple):
    title: str
    colour: str
    texts: tuple[str, ...]  # whatever is read for calls
    plain: tuple[str, ...]  # whatever a person reads, without markup of ours
    buttons: tuple[tuple[str, str, str], ...]


def well_formed(card: Any) -> bool:
    """Every locale has a head and elements, of components that exist, none of them empty."""
    try:
        heads, bodies = card["i18n_header"], card["i18n_elements"]
        heads_fit = all(each["template"] in TEMPLATES and _is_text(each["title"]) for each in heads.values())
        return bool(bodies) and set(heads) == set(bodies) and heads_fit and all(map(_elements_fit, bodies.values()))
    except (KeyError, TypeError):
        return False


def _elements_fit(elements: list[dict[str, Any]]) -> bool:
    return bool(elements) and all(_fits(each) for each in elements)


def _fits(element: dict[str, Any]) -> bool:
    match element["tag"]:
        case "div":
            return _is_text(element["text"])
        case "hr":
            return True
        case "note":
            return all(map(_is_text, element["elements"]))
        case "action":
            return all(_is_button(each) for each in element["actions"])
    return False


def _is_text(text: dict[str, str]) -> bool:
    return text["tag"] in TEXTS and bool(text["content"])


def _is_button(button: dict[str, Any]) -> bool:
    known = button["type"] in ("default", "primary", "danger")
    return button["tag"] == "button" and known and _is_text(button["text"]) and button["url"].startswith("http")


def shown(card: dict[str, Any], locale: str | None = None) -> Shown:
    locale = locale or next(iter(card["i18n_elements"]))
    head, elements = card["i18n_header"][locale], card["i18n_elements"][locale]
    texts = [each["text"] for each in elements if each["tag"] == "div"]
    texts += [text for each in elements if each["tag"] == "note" for text in each["elements"]]
    pressed = [each for element in elements if element["tag"] == "action" for each in element["actions"]]
    return Shown(
        head["title"]["content"],
        head["template"],
        tuple(text["content"] for text in texts),
        tuple(text["content"] for text in texts if text["tag"] == "plain_text"),
        tuple((each["text"]["content"], each["type"], each["url"]) for each in pressed),
    )
