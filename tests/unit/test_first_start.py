"""What `streamwatch up` makes before anything starts."""

import shutil
from pathlib import Path

import pytest

from streamwatch.errors import ConfigError
from streamwatch.stack.first_start import check_config, make_secrets, write_config
from streamwatch.stack.places import Places
from streamwatch.stack.ports import DEFAULTS

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone's configuration, in a folder of the test's."""
    home = tmp_path / "clone"
    home.mkdir()
    for name in ("config", "alert_rules"):
        shutil.copytree(REPOSITORY / name, home / name, ignore=shutil.ignore_patterns("secrets"))
    return home


def test_with_the_documented_ports_the_parts_read_what_people_edit(clone: Path) -> None:
    """So that a change in config/ counts at the next reload."""
    places = Places(clone, clone / ".streamwatch")
    places.make()
    write_config(places, DEFAULTS)

    assert places.config == clone / "config"
    assert (places.copies / "nginx.conf").is_file()


def test_with_other_ports_they_read_copies(clone: Path) -> None:
    """With the ports in use and absolute paths; and back at the documented ones no copy is left to be read."""
    places = Places(clone, clone / ".streamwatch")
    places.make()
    write_config(places, {name: port + 20_000 for name, port in DEFAULTS.items()})
    assert places.config == places.copies
    assert "listen: 127.0.0.1:28780" in (places.copies / "duty.yml").read_text()

    write_config(places, DEFAULTS)
    assert places.config == clone / "config"


def test_copies_know_the_targets_that_ops_name(clone: Path) -> None:
    """What is filled in config/targets/ is scraped whatever the ports are, and a change in it counts."""
    places = Places(clone, clone / "elsewhere")
    places.make()
    write_config(places, DEFAULTS)
    (clone / "config" / "targets" / "node.yml").write_text("- targets: [192.0.2.10:9100]\n")
    assert "192.0.2.10" in (places.config / "targets" / "node.yml").read_text()


def test_a_mistake_is_told_before_anything_starts(clone: Path) -> None:
    """With its place in the file that is read."""
    places = Places(clone, clone / "elsewhere")
    places.make()
    make_secrets(places)
    write_config(places, DEFAULTS)
    check_config(places)
    duty = places.config / "duty.yml"
    duty.write_text(duty.read_text().replace("fallback_role: ops", "fallback_role: opps"))

    with pytest.raises(ConfigError, match=r"duty\.yml:"):
        check_config(places)
