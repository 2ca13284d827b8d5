"""Cards by answers in the shape of NVML's own structures, and the real library on a machine without a driver."""

from collections.abc import Callable
from typing import Any

import pynvml
import pytest

from servers.hand_clock import HandClock
from servers.nvml import Replayed, two_cards
from streamwatch_exporters import gpu
from streamwatch_exporters.aside import Aside
from streamwatch_exporters.clock import Clock
from streamwatch_exporters.gpu import GpuLooker, gpu_family, load_nvml
from streamwatch_exporters.probe import Answer, ProbeFailed
from streamwatch_exporters.repeating import PartlySeen

FIRST, SECOND = "00000000:01:00.0", "00000000:65:00.0"
LOST = pynvml.NVML_ERROR_GPU_IS_LOST


def looker(nvml: Any) -> GpuLooker:
    return GpuLooker(Aside("gpu", Clock()), lambda: nvml, 3.0)


async def test_every_card_tells_what_it_can() -> None:
    """Ratios and bytes; what a card does not support it leaves out, and the others still tell it."""
    nvml = Replayed(two_cards())
    found = await looker(nvml).look()
    assert found.answer is Answer.OK
    assert found.values == {
        ("streamwatch_gpu_busy_ratio", FIRST): 0.37,
        ("streamwatch_gpu_encoder_busy_ratio", FIRST): 0.62,
        ("streamwatch_gpu_decoder_busy_ratio", FIRST): 0.0,
        ("streamwatch_gpu_memory_used_bytes", FIRST): 2_147_483_648,
        ("streamwatch_gpu_memory_size_bytes", FIRST): 12_884_901_888,
        ("streamwatch_gpu_temperature_celsius", FIRST): 64,
        ("streamwatch_gpu_encoder_sessions", FIRST): 2,
        ("streamwatch_gpu_busy_ratio", SECOND): 0.0,
        ("streamwatch_gpu_memory_used_bytes", SECOND): 0,
        ("streamwatch_gpu_memory_size_bytes", SECOND): 4_294_967_296,
        ("streamwatch_gpu_temperature_celsius", SECOND): 41,
    }
    assert nvml.open == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "connect"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "connect"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "auth"),
        (pynvml.NVML_ERROR_TIMEOUT, "timeout"),
        (pynvml.NVML_ERROR_UNKNOWN, "protocol"),
    ],
)
async def test_a_driver_that_does_not_open_is_a_reason(code: int, reason: str) -> None:
    """And not a card at rest."""
    with pytest.raises(ProbeFailed) as failed:
        await looker(Replayed([], {"nvmlInit": code})).look()
    assert failed.value.reason == reason


@pytest.mark.parametrize("call", ["nvmlDeviceGetTemperature", "nvmlDeviceGetPciInfo", "error"])
async def test_a_card_that_is_lost_takes_nothing_from_the_others(call: str) -> None:
    """It fell off the bus, and is no card at rest: it has no values. The other one tells all; NVML is closed."""
    cards = two_cards()
    cards[0][call] = LOST if call == "error" else {"error": LOST}
    nvml = Replayed(cards)
    with pytest.raises(PartlySeen, match="1 of 2 cards: a card has fallen off the bus") as failed:
        await looker(nvml).look()
    assert failed.value.reason == "connect"
    assert {place for _, place in failed.value.seen.values} == {SECOND}
    assert failed.value.seen.values["streamwatch_gpu_temperature_celsius", SECOND] == 41
    assert nvml.open == 0


async def test_a_card_keeps_its_label_when_the_driver_numbers_it_anew() -> None:
    """After a reload without the lost one the second card is card 0: its series goes on."""
    found = await looker(Replayed(two_cards()[1:])).look()
    assert {place for _, place in found.values} == {SECOND}


async def test_a_driver_without_cards_says_so() -> None:
    """Reached and understood, and not there."""
    found = await looker(Replayed([])).look()
    assert (found.answer, dict(found.values)) == (Answer.BAD, {})


async def test_this_machine_has_no_driver() -> None:
    """The real library's own answer where there is no NVIDIA card."""
    with pytest.raises(ProbeFailed) as failed:
        await GpuLooker(Aside("gpu", Clock()), load_nvml, 3.0).look()
    assert failed.value.reason == "connect"
    assert failed.value.text == "there is no NVIDIA driver on this machine"


async def test_without_the_extra_it_says_which_one_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exporter runs without it."""

    def missing(name: str) -> Any:
        raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(gpu.importlib, "import_module", missing)
    with pytest.raises(ProbeFailed, match=r"streamwatch-exporters\[gpu\]"):
        await GpuLooker(Aside("gpu", Clock()), load_nvml, 3.0).look()


def test_every_metric_that_is_measured_is_declared() -> None:
    """A name that is not declared would vanish without a word."""
    family = gpu_family(HandClock().clock)
    declared = {metric.name for metric in family.collect()}
    measured: Callable[..., dict[tuple[str, ...], float]] = gpu.measure
    assert {name for name, _ in measured(lambda: Replayed(two_cards()))} == declared
