"""The settings of the probe `picture`, which playlist it chooses, and what it asks of a decoder."""

from pathlib import Path

import pytest

from streamwatch_exporters import picture_analysis
from streamwatch_exporters.config import load_config
from streamwatch_exporters.hls_playlist import (
    Initialisation,
    MasterPlaylist,
    MediaPlaylist,
    Rendition,
    Variant,
    read_playlist,
)
from streamwatch_exporters.mistakes import ConfigMistakes
from streamwatch_exporters.picture import choose, sound_of

URL = 'url: "http://127.0.0.1:8080/hls/demo.m3u8"'


def streams_yml(folder: Path, picture: str) -> Path:
    path = folder / "streams.yml"
    path.write_text(f"streams:\n  - id: demo\n    picture: {{{URL}, {picture}}}\n")
    return path


def test_nothing_but_an_address_is_needed(tmp_path: Path) -> None:
    """The rest has the thresholds that ffmpeg's filters have."""
    (stream,) = load_config(streams_yml(tmp_path, "interval: 4")).streams
    settings = stream.picture
    assert settings is not None
    assert (settings.black_seconds, settings.frozen_seconds, settings.silent_seconds) == (2, 2, 2)
    assert (settings.frozen_difference, settings.full_every, settings.variant) == (0.001, 10, "lowest")
    assert settings.reference_slate_file is None
    assert "8080" not in repr(settings)


@pytest.mark.parametrize(
    ("written", "key", "says"),
    [
        ("full_every: often", "full_every", "a whole number is expected"),
        ("full_every: 0", "full_every", "at least 1"),
        ("variant: middle", "variant", "one of these is expected: 'lowest' or 'highest'"),
        ("black_seconds: 0", "black_seconds", "at least 0.1"),
        ("reference_slate_file: nowhere.png", "reference_slate_file", "no such picture file"),
        ("reference_slate_file: 5", "reference_slate_file", "no such picture file"),
        ("blakc_seconds: 1", "blakc_seconds", "did you mean black_seconds?"),
    ],
)
def test_a_mistake_names_its_key_and_cure(tmp_path: Path, written: str, key: str, says: str) -> None:
    """In both languages."""
    with pytest.raises(ConfigMistakes) as refused:
        load_config(streams_yml(tmp_path, written))
    (mistake,) = refused.value.mistakes
    assert mistake.key == f"streams[0].picture.{key}"
    assert says in mistake.text.en
    assert mistake.text.zh


def test_the_slate_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    """A check of the syntax alone does not look for it."""
    path = streams_yml(tmp_path, "reference_slate_file: slate.png")
    load_config(path, read_secrets=False)
    (tmp_path / "slate.png").write_bytes(b"")
    picture = load_config(path).streams[0].picture
    assert picture is not None
    assert picture.reference_slate_file == tmp_path / "slate.png"


SOUND = Variant("sound", 64_000, codecs="mp4a.40.2")
LOW = Variant("low", 800_000, resolution="640x360", audio_group="stereo")
HIGH = Variant("high", 2_500_000, codecs="mp4a.40.2, AVC1.64001f")
PLAIN = Variant("plain", 0)


@pytest.mark.parametrize(
    ("variants", "lowest", "highest"),
    [
        ((SOUND, HIGH, LOW), LOW, HIGH),
        ((SOUND,), SOUND, SOUND),
        ((HIGH, PLAIN), PLAIN, HIGH),
    ],
    ids=["sound is passed over", "unless there is nothing else", "nothing declared may be a picture"],
)
def test_the_variant_of_least_or_most_bandwidth_is_chosen(
    variants: tuple[Variant, ...], lowest: Variant, highest: Variant
) -> None:
    """Among those with a picture."""
    master = MasterPlaylist(variants, ())
    assert choose(master, "lowest") == lowest
    assert choose(master, "highest") == highest


def test_the_sound_of_a_variant_is_that_of_its_group() -> None:
    """Subtitles and other groups are not."""
    renditions = (
        Rendition("subtitles", "subtitles", "stereo", "zh"),
        Rendition("surround", "audio", "surround", "zh"),
        Rendition("stereo", "audio", "stereo", "zh"),
    )
    master = MasterPlaylist((LOW, HIGH), renditions)
    assert sound_of(master, LOW) == renditions[2]
    assert sound_of(master, HIGH) is None


def test_initialisation_and_encryption_hold_until_the_next_tag() -> None:
    """EXT-X-MAP and EXT-X-KEY are about every segment after them (RFC 8216 sections 4.3.2.4 and 4.3.2.5)."""
    playlist = read_playlist(
        b'#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-MAP:URI="init.mp4",BYTERANGE="700@20"\n'
        b'#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF:2,\nb.m4s\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\nc.m4s\n'
    )
    assert isinstance(playlist, MediaPlaylist)
    initialisation = Initialisation("init.mp4", (20, 700))
    assert [segment.initialisation for segment in playlist.segments] == [None, initialisation, initialisation]
    assert [segment.encrypted for segment in playlist.segments] == [False, True, False]


def test_the_decoder_takes_no_picture_beyond_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes of header may claim a picture of gigabytes."""
    from servers.clips import clip
    from streamwatch_exporters.picture_facts import Question

    monkeypatch.setitem(picture_analysis._DECODE, "max_pixels", "100")
    assert picture_analysis.analyse(clip(), Question()).facts.video is None
