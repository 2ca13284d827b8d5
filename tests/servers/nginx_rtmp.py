"""A real nginx with RTMP and HLS in a folder of its own, on free ports of 127.0.0.1."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.free_port import free_port

_CONFIG = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 256; }}
rtmp {{
    server {{
        listen 127.0.0.1:{rtmp_port};
        application live {{
            live on; hls on; hls_path {folder}/hls; hls_fragment 2s; hls_playlist_length 12s;
        }}
    }}
}}
http {{
    access_log off;
    client_body_temp_path {folder}/tmp; proxy_temp_path {folder}/tmp; fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp; scgi_temp_path {folder}/tmp;
    server {{
        listen 127.0.0.1:{http_port};
        location /stat {{ rtmp_stat all; }}
        location /hls {{
            types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
            root {folder}; add_header Cache-Control no-cache;
        }}
    }}
}}
"""


class NginxRtmp:
    """One nginx. `rtmp_url` takes publishers of application `live`; `/stat` and `/hls` hang on `http_url`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rtmp_port, self.http_port = free_port(), free_port()
        self.rtmp_url = f"rtmp://127.0.0.1:{self.rtmp_port}/live"
        self.http_url = f"http://127.0.0.1:{self.http_port}"
        self.stat_url = f"{self.http_url}/stat"
        self._process: subprocess.Popen[bytes] | None = None

    def publish_url(self, name: str) -> str:
        return f"{self.rtmp_url}/{name}"

    def playlist_url(self, name: str) -> str:
        return f"{self.http_url}/hls/{name}.m3u8"

    def start(self) -> None:
        """Start, and return when the stat page answers."""
        self._prepare()
        self._process = subprocess.Popen(
            ["/usr/sbin/nginx", "-c", str(self.folder / "nginx.conf"), "-p", str(self.folder)]
        )
        deadline = time.monotonic() + 10
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "error.log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, as a crash would; its workers go with it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def _prepare(self) -> None:
        for name in ("hls", "tmp"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        # Started by root, workers would run as nobody, who may not enter a test's folder.
        user = "user root;" if os.geteuid() == 0 else ""
        text = user + _CONFIG.format(folder=self.folder, rtmp_port=self.rtmp_port, http_port=self.http_port)
        (self.folder / "nginx.conf").write_text(text)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.stat_url, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def nginx_rtmp(folder: Path) -> Iterator[NginxRtmp]:
    """A running nginx, ended with the block."""
    server = NginxRtmp(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()
