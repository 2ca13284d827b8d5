"""What the OBS probe makes of answers, whole and strange."""

import base64
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from servers.hand_clock import HandClock
from streamwatch_exporters.obs import ObsSettings, Seen, label, look
from streamwatch_exporters.obs_levels import SILENCE, Levels
from streamwatch_exporters.obs_picture import difference, luma, read_picture
from streamwatch_exporters.obs_watcher import pause
from streamwatch_exporters.obs_websocket import Request, Result
from streamwatch_exporters.probe import Answer, ProbeFailed

STREAM = ("rtmp_output", "simple_stream")


class Answering:
    """A connection whose answers are given, by type of request, or type and name; whatever is not is refused."""

    def __init__(self, **answers: Any) -> None:
        self.answers: dict[str, Any] = {"GetStats": {}, "GetStreamStatus": {}, "GetRecordStatus": {}, **answers}
        self.asked: list[Request] = []

    async def batch(self, requests: list[Request]) -> list[Result]:
        self.asked += requests
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Result:
        data = self.answers.get(request.type)
        return Result(data is not None, data or {})


async def seen(**answers: Any) -> Seen:
    return await look(Answering(**answers), screenshot=True)  # type: ignore[arg-type]


def one_output(kind: str = "rtmp_output", **status: Any) -> dict[str, Any]:
    listed = {"outputs": [{"outputName": "simple_stream", "outputKind": kind}]}
    return {"GetOutputList": listed, "GetOutputStatus": status}


async def test_units_are_seconds_ratios_and_bytes() -> None:
    """OBS tells milliseconds, percent and MiB."""
    stats = {"averageFrameRenderTime": 2.5, "cpuUsage": 12.5, "memoryUsage": 2, "availableDiskSpace": 1.5}
    found = (await seen(GetStats=stats)).values
    assert found["obs_average_frame_render_seconds",] == pytest.approx(0.0025)
    assert found["obs_cpu_usage_ratio",] == pytest.approx(0.125)
    assert found["obs_memory_bytes",] == 2 * 1024 * 1024
    assert found["obs_disk_available_bytes",] == 1.5 * 1024 * 1024


async def test_the_three_skipped_counters_are_kept_apart() -> None:
    """Two are called outputSkippedFrames, and mean another thing in another answer."""
    stats = {"renderSkippedFrames": 1, "outputSkippedFrames": 2}
    found = (await seen(GetStats=stats, **one_output(outputSkippedFrames=3))).values
    assert found["obs_global_lagged_frames",] == 1
    assert found["obs_global_video_skipped_frames",] == 2
    assert found["obs_output_dropped_frames", *STREAM] == 3


@pytest.mark.parametrize("milliseconds", [479615345916448, 10 * 365 * 86400 * 1000, -1])
async def test_a_duration_that_cannot_be_is_left_out(milliseconds: int) -> None:
    """OBS has told one of fifteen thousand years; the other values of that answer stand."""
    found = (await seen(**one_output(outputDuration=milliseconds, outputBytes=5))).values
    assert ("obs_output_duration_seconds", *STREAM) not in found
    assert found["obs_output_bytes", *STREAM] == 5


async def test_nearly_ten_years_is_a_duration() -> None:
    """The limit itself is the first that is refused."""
    found = (await seen(**one_output(outputDuration=10 * 365 * 86400 * 1000 - 1000))).values
    assert found["obs_output_duration_seconds", *STREAM] == 10 * 365 * 86400 - 1


@pytest.mark.parametrize(
    ("kind", "told"), [("rtmp_output", [0.5]), ("ffmpeg_mpegts_muxer", []), ("whip_output", [])]
)
async def test_congestion_is_told_of_rtmp_only(kind: str, told: list[float]) -> None:
    """The others do not measure it."""
    found = (await seen(**one_output(kind, outputCongestion=0.5))).values
    assert [value for key, value in found.items() if key[0] == "obs_output_congestion"] == told


@pytest.mark.parametrize("value", [None, True, "7", [], float("nan"), float("inf"), -1, 10**400, 1e308])
async def test_what_is_no_number_is_no_value(value: Any) -> None:
    """Never a 0, and never an error that hides the rest."""
    found = (await seen(GetStats={"memoryUsage": value, "activeFps": 30})).values
    assert ("obs_memory_bytes",) not in found
    assert found["obs_global_active_fps",] == 30


@pytest.mark.parametrize("missing", ["GetStats", "GetStreamStatus", "GetRecordStatus"])
async def test_an_obs_that_is_not_ready_cannot_be_told(missing: str) -> None:
    """While it loads a collection of scenes it refuses everything."""
    with pytest.raises(ProbeFailed, match="not ready"):
        await seen(**{missing: None})


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        ({"outputActive": True, "outputReconnecting": False}, Answer.OK),
        ({"outputActive": True, "outputReconnecting": True}, Answer.BAD),
        ({"outputActive": False, "outputReconnecting": False}, Answer.BAD),
    ],
)
async def test_only_an_obs_that_sends_is_ok(status: dict[str, bool], answer: Answer) -> None:
    """One that reconnects is active, and nothing arrives."""
    assert (await seen(GetStreamStatus=status)).described()[0] is answer


@pytest.mark.parametrize(
    "listed", [{}, {"outputs": 7}, {"outputs": [None, 7, {"outputName": 1}, {"outputKind": ""}]}]
)
async def test_a_strange_list_is_an_empty_one(listed: dict[str, Any]) -> None:
    """The rest of the look stands."""
    found = (await seen(GetOutputList=listed, GetInputList=listed, GetStats={"activeFps": 1})).values
    assert found["obs_global_active_fps",] == 1


async def test_lists_without_end_are_cut() -> None:
    """Neither questions nor labels grow with what a peer invents."""
    outputs = [{"outputName": str(i), "outputKind": "k"} for i in range(1000)]
    inputs = [{"inputName": str(i)} for i in range(1000)]
    connection = Answering(GetOutputList={"outputs": outputs}, GetInputList={"inputs": inputs})
    await look(connection, screenshot=False)  # type: ignore[arg-type]
    assert len(connection.asked) == 6 + 16 + 64


async def test_names_that_are_alike_after_cutting_are_one_series() -> None:
    """Two series of the same labels would make Prometheus refuse the page."""
    inputs = [{"inputName": "n" * 64 + end} for end in "ab"]
    found = (await seen(GetInputList={"inputs": inputs}, GetInputMute={"inputMuted": True})).values
    assert found["obs_input_muted", "n" * 64] == 1


def test_a_label_is_short_and_can_be_written() -> None:
    """JSON lets half characters pass, UTF-8 does not."""
    assert label("主摄像机\ud800" + "x" * 100) == "主摄像机?" + "x" * 59


@pytest.mark.parametrize("address", ["10.0.0.7:4455", "obs.example:4455", "[::1]:4455"])
def test_an_address_is_host_and_port(address: str) -> None:
    """By name, by number, and in brackets."""
    assert ObsSettings(address=SecretStr(address)).interval == 1.0


@pytest.mark.parametrize(
    "address", ["", "host", ":1", "host:", "host:x", "host:99999", "ws://h:1", "u@h:1", "h:1/x", "h:1?x", "h:1#x"]
)
def test_anything_else_is_refused_without_being_repeated(address: str) -> None:
    """It may hold a password."""
    with pytest.raises(ValidationError) as caught:
        ObsSettings(address=SecretStr(address))
    assert caught.value.errors()[0]["type"] == "listen"


def test_the_settings_print_neither_address_nor_password() -> None:
    """The debug page of /probe shows them."""
    settings = ObsSettings.model_construct(address=SecretStr("studio:1"), password_file=SecretStr("hush"))
    assert "studio" not in settings.model_dump_json() + repr(settings)
    assert "hush" not in settings.model_dump_json() + repr(settings)


def test_a_level_is_the_loudest_of_the_window_and_then_gone() -> None:
    """A channel that nobody tells of is not silent, but unknown."""
    clock = HandClock()
    levels = Levels(clock.clock)
    for peak in (0.01, 1.0, 0.1):
        levels.take({"inputs": [{"inputName": "Mic", "inputLevelsMul": [[0, peak, 1], [0, 0.0, 1]]}]})
    assert levels.values() == {("Mic", "0"): 0.0, ("Mic", "1"): SILENCE}
    clock.pass_by(4)
    levels.take({"inputs": [{"inputName": "Mic", "inputLevelsMul": [[0, 0.1, 1]]}]})
    assert levels.values()["Mic", "0"] == 0.0
    clock.pass_by(1)
    assert levels.values() == {("Mic", "0"): pytest.approx(-20)}
    clock.pass_by(5)
    assert levels.values() == {}


@pytest.mark.parametrize(
    "inputs",
    [
        None,
        7,
        [7],
        [{"inputName": "Mic"}],
        [{"inputName": "Mic", "inputLevelsMul": [[], 7, [1], [0, None, 0], [0, -1, 0]]}],
        [{"inputName": "Mic", "inputLevelsMul": [[0, float("nan"), 0], [0, 10**400, 0]]}],
    ],
)
def test_meters_that_cannot_be_read_are_no_level(inputs: Any) -> None:
    """Nor are they an error."""
    levels = Levels(HandClock().clock)
    levels.take({"inputs": inputs})
    assert levels.values() == {}


def test_meters_of_ever_new_inputs_do_not_grow_without_end() -> None:
    """The table has a size."""
    levels = Levels(HandClock().clock)
    for i in range(2000):
        levels.take({"inputs": [{"inputName": str(i), "inputLevelsMul": [[0, 1, 0]]}]})
    assert len(levels.values()) == 512


def test_a_picture_has_a_brightness_and_a_difference() -> None:
    """White after black is the greatest change there is."""
    black, white = read_picture(_pgm(b"\x00" * 2304)), read_picture(_pgm(b"\xff" * 2304))
    assert black is not None
    assert white is not None
    assert (luma(black), luma(white), difference(white, black), difference(white, white)) == (0, 1, 1, 0)


@pytest.mark.parametrize("image", [None, 7, "", "data:image/pgm;base64,!", "data:,QUJD", "A" * 10_000_000])
def test_what_is_no_picture_is_none(image: Any) -> None:
    """Cut off, of another size, or endless."""
    assert read_picture({"imageData": image}) is None


def test_a_picture_without_its_last_pixel_is_none() -> None:
    """Half a picture is darker than the whole."""
    assert read_picture(_pgm(b"\xff" * 2303)) is None


def _pgm(pixels: bytes) -> dict[str, Any]:
    return {"imageData": "data:image/pgm;base64," + base64.b64encode(b"P5\n64 36\n255\n" + pixels).decode()}


def test_a_refused_password_waits_longer_than_a_lost_connection() -> None:
    """And both wait longer the more often they fail, up to an end."""
    assert [pause("connect", n) for n in (1, 2, 3, 4, 9)] == [1, 2, 4, 8, 8]
    assert [pause("auth", n) for n in (1, 2, 5, 999)] == [5, 10, 60, 60]
