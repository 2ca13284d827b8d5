"""NVML without a card: answers in the shape of the library's own structures, in place of the driver's."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml

ANSWERS = Path(__file__).parents[1] / "data" / "gpu" / "two_cards.json"
CALLS = {"nvmlInit", "nvmlShutdown", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex"}


class Replayed:
    """NVML's functions with the answers of a file: what each returns for a card, or the error it ends with."""

    def __init__(self, cards: list[dict[str, Any]], fails: dict[str, int] | None = None) -> None:
        self._cards, self._fails = cards, fails or {}
        self.open = 0

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("nvml"):
            return getattr(pynvml, name)
        if name in CALLS:
            return lambda *arguments: self._call(name, *arguments)
        return lambda card, *_: self._answer(card[name])

    def _call(self, name: str, *arguments: int) -> Any:
        if name in self._fails:
            raise pynvml.NVMLError(self._fails[name])
        if name == "nvmlDeviceGetHandleByIndex":
            return self._handle(self._cards[arguments[0]])
        self.open += {"nvmlInit": 1, "nvmlShutdown": -1}.get(name, 0)
        return len(self._cards)

    @staticmethod
    def _handle(card: dict[str, Any]) -> dict[str, Any]:
        """A card that was lost before the driver was opened has not even a handle: `{"error": 15}`."""
        if "error" in card:
            raise pynvml.NVMLError(card["error"])
        return card

    @staticmethod
    def _answer(recorded: Any) -> Any:
        if isinstance(recorded, dict):
            if "error" in recorded:
                raise pynvml.NVMLError(recorded["error"])
            return SimpleNamespace(**recorded)
        return recorded


def two_cards() -> list[dict[str, Any]]:
    cards: list[dict[str, Any]] = json.loads(ANSWERS.read_text())
    return cards
