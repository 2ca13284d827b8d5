"""docker-compose.yml: five services that find their files, keep their secrets, and stay on this machine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from streamwatch.stack.first_start import SECRETS

REPOSITORY = Path(__file__).parents[2]
TEXT = (REPOSITORY / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
NAMES = ("alertmanager", "exporter", "grafana", "prometheus", "receiver")
each_service = pytest.mark.parametrize("name", NAMES)


def mounts(name: str) -> dict[str, str]:
    """Path in the container → where it comes from, of folders, files, volumes and secrets."""
    found = {target: source for source, target, *_ in (each.split(":") for each in SERVICES[name]["volumes"])}
    for secret in SERVICES[name].get("secrets", []):
        source, target = (secret["source"], secret["target"]) if isinstance(secret, dict) else (secret, secret)
        found[str(Path("/run/secrets") / target)] = COMPOSE["secrets"][source]["file"]
    return found


def origin(name: str, inside: Path) -> str | None:
    """What the path is on the host: the nearest mount above it, with the rest of the path."""
    found = mounts(name)
    for folder in (inside, *inside.parents):
        if str(folder) in found:
            return str(Path(found[str(folder)]) / inside.relative_to(folder))
    return None


def beside(config: str, relative: str) -> Path:
    """A path in a configuration file, as the container resolves it."""
    parts: list[str] = []
    for part in (Path("/streamwatch/config") / config).parent.joinpath(relative).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return Path(*parts)


def test_there_are_five_services() -> None:
    """The whole system but the stream itself."""
    assert sorted(SERVICES) == sorted(NAMES)


@each_service
def test_a_service_comes_back_and_is_looked_after(name: str) -> None:
    """On the host's network, because the files in config/ say 127.0.0.1; with no more rights than it needs."""
    service = SERVICES[name]
    assert service["network_mode"] == "host"
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@each_service
def test_an_image_is_of_one_version(name: str) -> None:
    """Never "latest": an update is something that somebody did."""
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@each_service
def test_what_is_mounted_is_in_the_clone_and_cannot_be_written(name: str) -> None:
    """State is in named volumes; what `make up` makes is below .streamwatch/."""
    for volume in SERVICES[name]["volumes"]:
        source, _, *mode = volume.split(":")
        if source.startswith("."):
            assert mode == ["ro"], volume
            assert source.startswith("./.streamwatch/") or (REPOSITORY / source).exists(), volume
        else:
            assert source in COMPOSE["volumes"], volume


@each_service
def test_nothing_listens_beyond_this_machine(name: str) -> None:
    """The host's network is the world: every address that is named is 127.0.0.1, and Grafana's is named."""
    words = yaml.safe_dump(SERVICES[name])
    assert "0.0.0.0" not in words
    assert set(re.findall(r"(?:https?://|listen-address=)([\w.]+)", words)) == {"127.0.0.1"}
    if name == "grafana":
        assert SERVICES[name]["environment"]["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    if name == "exporter":  # its image's own entry listens everywhere
        assert SERVICES[name]["entrypoint"][0] == "streamwatch-exporter"
        assert "--listen" not in SERVICES[name]["entrypoint"]


def test_secrets_are_files_that_the_first_start_makes() -> None:
    """A service gets those it uses, and no value stands in the file."""
    for secret in COMPOSE["secrets"].values():
        path = Path(secret["file"])
        assert path.parent == Path(".streamwatch/secrets")
        assert path.name in SECRETS
    assert set(mounts("exporter").values()) & {each["file"] for each in COMPOSE["secrets"].values()} == {
        COMPOSE["secrets"]["chat_token"]["file"]
    }
    environments = [service.get("environment", {}) for service in SERVICES.values()]
    secretive = {key for each in environments for key in each if re.search("PASSWORD|TOKEN|SECRET|KEY", key)}
    assert secretive == {"GF_SECURITY_ADMIN_PASSWORD__FILE"}
    assert not re.search(r"(?i)(password|token)=|://[^/\s]*@", TEXT)


def test_grafana_wants_a_password() -> None:
    """Nobody is let in without; the password is the one in the file."""
    environment = SERVICES["grafana"]["environment"]
    inside = environment["GF_SECURITY_ADMIN_PASSWORD__FILE"]
    assert mounts("grafana")[inside] == COMPOSE["secrets"]["grafana_password"]["file"]
    assert "GF_SECURITY_ADMIN_PASSWORD" not in environment
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"


@pytest.mark.parametrize("name", ["exporter", "receiver", "grafana"])
def test_who_reads_secrets_is_their_owner_and_not_root(name: str) -> None:
    """The secrets are readable by one user; without a word from the operator that is not root."""
    assert re.fullmatch(r"\$\{STREAMWATCH_UID:-1000\}:.+", SERVICES[name]["user"])


def test_the_receiver_finds_what_duty_yml_names() -> None:
    """Paths in it are relative to it: rules and secrets are mounted there, and the database is on its volume."""
    duty = yaml.safe_load((REPOSITORY / "config/duty.yml").read_text(encoding="utf-8"))
    named = [duty["alert_rules"], *duty["token_files"], duty["link_key_file"], duty["exporter"]["token_file"]]
    for relative in named:
        found = origin("receiver", beside("duty.yml", relative))
        assert found is not None, relative
        assert Path(found) == Path(relative.removeprefix("../")), relative
    database = beside("duty.yml", duty["database"].removeprefix("sqlite:///"))
    assert origin("receiver", database) == f"receiver/{database.name}"
    made = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert f"install -d -m 1777 {database.parent}" in made


def test_the_exporter_finds_what_streams_yml_names() -> None:
    """Its token, and itself."""
    streams = yaml.safe_load((REPOSITORY / "config/streams.yml").read_text(encoding="utf-8"))
    token = streams["chat"]["token_file"]
    assert Path(str(origin("exporter", beside("streams.yml", token)))) == Path(token.removeprefix("../"))
    [config] = [word for word in SERVICES["exporter"]["entrypoint"] if word.endswith(".yml")]
    assert Path(str(origin("exporter", Path(config)))) == Path("config/streams.yml")


def test_prometheus_and_alertmanager_find_what_their_files_name() -> None:
    """The files of rules and of targets, and the token for the receiver."""
    prometheus = yaml.safe_load((REPOSITORY / "config/prometheus.yml").read_text(encoding="utf-8"))
    asked = [each for job in prometheus["scrape_configs"] for each in job.get("file_sd_configs", [])]
    patterns = [pattern for each in asked for pattern in each["files"]]
    # What drills add is made by `streamwatch up`, which is not what runs in containers.
    targets = [each.replace("*", "") for each in patterns if not each.startswith("../.streamwatch/run/")]
    for relative in ("prometheus.yml", *prometheus["rule_files"], *targets):
        found = origin("prometheus", beside("prometheus.yml", relative))
        assert found is not None, relative
        assert (REPOSITORY / found).is_file(), relative
    alertmanager = (REPOSITORY / "config/alertmanager.yml").read_text(encoding="utf-8")
    [token] = re.findall(r"credentials_file: (\S+)", alertmanager)
    assert Path(str(origin("alertmanager", beside("alertmanager.yml", token)))) == Path(token.removeprefix("../"))
    for name in ("prometheus", "alertmanager"):
        assert f"--config.file=/streamwatch/config/{name}.yml" in SERVICES[name]["command"]


def test_the_image_of_the_receiver_is_built_from_the_lock_and_runs_as_a_user() -> None:
    """Hashes are demanded, only what is copied reaches the builder, and no secret or state can."""
    steps = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes -r requirements/runtime.txt" in steps
    assert "pip install --no-cache-dir --no-deps ." in steps
    assert re.search(r"^USER (?!root)", steps, re.MULTILINE)
    assert re.search(r"^HEALTHCHECK .*/-/healthy", steps, re.MULTILINE)
    ignored = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*"
    let_in = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", steps, re.MULTILINE) for word in line.split()}
    assert copied == let_in
