"""What the first start makes: secrets that nobody has seen, and the configuration with the ports in use."""

import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

from streamwatch.config import Config, load
from streamwatch.errors import CommandFailed
from streamwatch.language import Text
from streamwatch.stack.places import Places
from streamwatch.stack.ports import DEFAULTS, Ports

SECRETS = ("api_token", "link_key", "chat_token", "grafana_password")
FILES = ("streams.yml", "duty.yml", "prometheus.yml", "alertmanager.yml")
CALENDARS = ("*.csv", "*.ics", "holidays*.yml")  # duty.yml may name them
SERVER = "nginx.conf"  # a template in every case
RTMP_MODULES = ("/usr/lib/nginx/modules/ngx_rtmp_module.so", "/usr/lib64/nginx/modules/ngx_rtmp_module.so")


def make_secrets(places: Places) -> None:
    """Only those that are missing: a second start knows the links of the first."""
    for name in SECRETS:
        path = places.secrets / name
        if not path.exists():
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(32))


def forget_old_stream(places: Places) -> None:
    """Segments of an earlier run would be taken for a stream that plays, targets of a drill for some that run."""
    for folder in (places.data / "hls", places.run / "stage" / "targets"):
        for path in folder.iterdir():
            path.unlink()


def write_config(places: Places, ports: Ports) -> None:
    """What the parts read: config/ itself with the documented ports and folder, so that a reload reads what people
    changed; else copies of it with the ports and paths in use, made anew at every start and reload.
    """
    for path in places.copies.glob("*.yml"):
        path.unlink()
    if runs_by_copies(places, ports):
        for name in FILES:
            text = (places.home / "config" / name).read_text(encoding="utf-8")
            (places.copies / name).write_text(_localised(text, places, ports), encoding="utf-8")
    server = (places.home / "config" / SERVER).read_text(encoding="utf-8")
    (places.copies / SERVER).write_text(_localised(server, places, ports), encoding="utf-8")
    config = places.home / "config"
    calendars = [each for pattern in CALENDARS for each in config.glob(pattern)]
    for own in (config / "secrets", config / "targets", config / "law", *calendars):
        link = places.copies / own.name
        if own.exists() and not link.exists():
            link.symlink_to(own)


def check_config(places: Places) -> Config:
    """Before anything starts. Raises `ConfigError` with the places in the files that people write."""
    config = load(places.config / "duty.yml")
    exporter = [
        str(Path(sys.executable).parent / "streamwatch-exporter"),
        "--check",
        str(places.config / "streams.yml"),
    ]
    checked = subprocess.run(exporter, capture_output=True, text=True, check=False)
    if checked.returncode:
        raise CommandFailed(checked.stderr.strip() or checked.stdout.strip())
    return config


def runs_by_copies(places: Places, ports: Ports) -> bool:
    return dict(ports) != dict(DEFAULTS) or places.state != places.home / ".streamwatch"


def _localised(text: str, places: Places, ports: Ports) -> str:
    for name, default in DEFAULTS.items():
        text = text.replace(f"127.0.0.1:{default}", f"127.0.0.1:\0{name}\0")
    for name, port in ports.items():  # in two steps, so that no new port is taken for an old one
        text = text.replace(f"\0{name}\0", str(port))
    text = text.replace("../.streamwatch/", f"{places.state}/").replace(
        "../alert_rules", f"{places.home}/alert_rules"
    )
    if "@MODULE@" in text:
        user = "user root;" if os.geteuid() == 0 else ""
        text = text.replace("@USER@", user).replace("@STATE@", str(places.state)).replace("@MODULE@", rtmp_module())
    return text


def rtmp_module() -> str:
    for path in RTMP_MODULES:
        if Path(path).exists():
            return path
    raise CommandFailed(
        Text(
            "nginx 没有 RTMP 模块。请安装：apt-get install libnginx-mod-rtmp",
            "nginx has no RTMP module. Install it: apt-get install libnginx-mod-rtmp",
        )
    )


def is_there(name: str) -> bool:
    return _path_of(name) is not None


def _path_of(name: str) -> str | None:
    """Debian keeps servers in sbin, which a user's PATH leaves out."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def find_binary(name: str, package: str) -> str:
    """Raises `CommandFailed` with the package that has it."""
    found = _path_of(name)
    if found is None:
        raise CommandFailed(f"there is no {name}. Install it: apt-get install {package}")
    return found
