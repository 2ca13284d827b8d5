"""Probe `gpu`: the NVIDIA cards of this machine by NVML. Extra `gpu`; without library or driver it cannot tell.

A driver that is stuck (a card fallen off the bus) may never answer: every look is a call aside, one at a time.
"""

import importlib
from collections.abc import Callable
from typing import Any

from streamwatch_exporters.aside import Aside
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import (
    Declared,
    Finding,
    Key,
    PartlySeen,
    RepeatedSettings,
    RepeatingFamily,
    Values,
)
from streamwatch_exporters.watching import Tools

_MAX_GPUS = 32
_GPU = ("gpu",)  # PCI bus id, as nvidia-smi has it: the driver numbers anew those that are left of a lost one
_USED = "streamwatch_gpu_busy_ratio"
_ENCODER, _DECODER = "streamwatch_gpu_encoder_busy_ratio", "streamwatch_gpu_decoder_busy_ratio"
_MEMORY_USED, _MEMORY_SIZE = "streamwatch_gpu_memory_used_bytes", "streamwatch_gpu_memory_size_bytes"
_TEMPERATURE, _SESSIONS = "streamwatch_gpu_temperature_celsius", "streamwatch_gpu_encoder_sessions"
_DECLARED = (
    Declared(_USED, "Share of time in which the GPU computed. GPU 利用率", _GPU),
    Declared(_ENCODER, "Share of time in which its encoder worked. 编码器利用率", _GPU),
    Declared(_DECODER, "Share of time in which its decoder worked. 解码器利用率", _GPU),
    Declared(_MEMORY_USED, "Memory in use. 已用显存", _GPU),
    Declared(_MEMORY_SIZE, "Memory of the card. 显存容量", _GPU),
    Declared(_TEMPERATURE, "Temperature of the chip. GPU 温度", _GPU),
    Declared(_SESSIONS, "Encoder sessions under way. 编码会话数", _GPU),
)


class GpuSettings(RepeatedSettings):
    """Nothing but how often to look: all cards are looked at."""


def load_nvml() -> Any:
    """The bindings of NVML. Raises `ProbeFailed` without the extra."""
    try:
        return importlib.import_module("pynvml")
    except ImportError as exc:
        text = "no NVML bindings here: pip install 'streamwatch-exporters[gpu]' and start the exporter again"
        raise ProbeFailed("protocol", text) from exc


def measure(load: Callable[[], Any]) -> dict[Key, float]:
    """Ask every card. Blocks for as long as the driver does. Raises `ProbeFailed`, with what the other cards told.

    NVML is opened anew each time: a driver that was reloaded meanwhile answers only who opens it again.
    """
    nvml = load()
    try:
        nvml.nvmlInit()
        try:
            return _of_all(nvml, min(nvml.nvmlDeviceGetCount(), _MAX_GPUS))
        finally:
            nvml.nvmlShutdown()
    except nvml.NVMLError as exc:
        raise _failure(nvml, exc) from exc


def _of_all(nvml: Any, count: int) -> dict[Key, float]:
    """Card by card: one that is lost takes nothing from the others."""
    told: dict[Key, float] = {}
    failures: list[ProbeFailed] = []
    for index in range(count):
        try:
            card = nvml.nvmlDeviceGetHandleByIndex(index)
            place = _text(nvml.nvmlDeviceGetPciInfo(card).busId)
            told |= {(name, place): value for name, value in _of_one(nvml, card).items()}
        except nvml.NVMLError as exc:
            failures.append(_failure(nvml, exc))
    if failures:
        text = f"{len(failures)} of {count} cards: {failures[0].text}"
        raise PartlySeen(failures[0].reason, text, Finding(Answer.OK, "", told))
    return told


def _text(said: str | bytes) -> str:
    return said.decode("ascii", "replace") if isinstance(said, bytes) else said


def _of_one(nvml: Any, card: Any) -> dict[str, float]:
    """What the card tells. Many tell but a part: consumer cards no sessions, virtual ones no temperature."""
    asked: dict[str, Callable[[], float]] = {
        _USED: lambda: nvml.nvmlDeviceGetUtilizationRates(card).gpu / 100,
        _ENCODER: lambda: nvml.nvmlDeviceGetEncoderUtilization(card)[0] / 100,
        _DECODER: lambda: nvml.nvmlDeviceGetDecoderUtilization(card)[0] / 100,
        _MEMORY_USED: lambda: nvml.nvmlDeviceGetMemoryInfo(card).used,
        _MEMORY_SIZE: lambda: nvml.nvmlDeviceGetMemoryInfo(card).total,
        _TEMPERATURE: lambda: nvml.nvmlDeviceGetTemperature(card, nvml.NVML_TEMPERATURE_GPU),
        _SESSIONS: lambda: nvml.nvmlDeviceGetEncoderStats(card)[0],
    }
    told = {}
    for name, ask in asked.items():
        try:
            told[name] = float(ask())
        except nvml.NVMLError as exc:
            if exc.value not in (nvml.NVML_ERROR_NOT_SUPPORTED, nvml.NVML_ERROR_FUNCTION_NOT_FOUND):
                raise
    return told


def _failure(nvml: Any, exc: Any) -> ProbeFailed:
    """Why the driver does not tell, in our words."""
    said = {
        nvml.NVML_ERROR_LIBRARY_NOT_FOUND: ProbeFailed("connect", "there is no NVIDIA driver on this machine"),
        nvml.NVML_ERROR_DRIVER_NOT_LOADED: ProbeFailed("connect", "the NVIDIA driver is not loaded"),
        nvml.NVML_ERROR_NO_PERMISSION: ProbeFailed("auth", "this user may not ask the NVIDIA driver"),
        nvml.NVML_ERROR_GPU_IS_LOST: ProbeFailed("connect", "a card has fallen off the bus"),
        nvml.NVML_ERROR_TIMEOUT: ProbeFailed("timeout", "the NVIDIA driver does not answer"),
    }
    return said.get(exc.value) or ProbeFailed("protocol", f"the NVIDIA driver answers with error {exc.value}")


class GpuLooker:
    """Looks at all cards. *load* gives the bindings of NVML; an answer after *within* seconds is none."""

    def __init__(self, aside: Aside, load: Callable[[], Any], within: float) -> None:
        self._aside, self._load, self._within = aside, load, within
        self.counts: Values = {}

    async def look(self) -> Finding:
        values = await self._aside.call("gpu", lambda: measure(self._load), within=self._within)
        if not values:
            return Finding(Answer.BAD, "the driver knows no card")
        return Finding(Answer.OK, "the cards answer", values)


def gpu_family(clock: Clock) -> RepeatingFamily:
    aside = Aside("gpu", clock)

    def looker(settings: RepeatedSettings, _tools: Tools) -> GpuLooker:
        return GpuLooker(aside, load_nvml, settings.timeout)

    return RepeatingFamily(clock, probe="gpu", id_label="host", declared=_DECLARED, looker=looker)
