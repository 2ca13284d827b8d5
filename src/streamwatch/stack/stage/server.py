"""The stage's nginx: like the demo's, and with switches. While a file is there, viewers of one stream get less."""

import os

from streamwatch.stack.first_start import rtmp_module
from streamwatch.stack.stage import WAY, Stage

# A segment a second: what goes wrong is listed soon.
_CONFIG = """
{user}
daemon off;
worker_processes 1;
pid "{folder}/run/nginx.pid";
error_log stderr error;
load_module {module};
events {{ worker_connections 1024; }}

rtmp {{
    server {{
        listen 127.0.0.1:{rtmp};
        listen {way}:{rtmp};
        application live {{
            live on;
            hls on;
            hls_path "{folder}/hls";
            hls_fragment 1s;
            hls_playlist_length 8s;
        }}
    }}
}}

http {{
    access_log off;
    client_body_temp_path "{folder}/nginx";
    proxy_temp_path "{folder}/nginx";
    fastcgi_temp_path "{folder}/nginx";
    uwsgi_temp_path "{folder}/nginx";
    scgi_temp_path "{folder}/nginx";
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    server {{
        listen 127.0.0.1:{http};
        add_header Cache-Control no-cache;
        location ~ ^/hls/(?<playlist>[^/]+\\.m3u8)$ {{
            alias "{folder}/hls/$playlist";
            if (-f "{folder}/stalled/$playlist") {{ rewrite ^ /stalled/$playlist last; }}
        }}
        location /stalled {{ internal; root "{folder}"; }}
        location ~ ^/hls/(?<stream>[a-z-]+?)-(?<number>[0-9]+)\\.ts$ {{
            alias "{folder}/hls/$stream-$number.ts";
            if (-f "{folder}/missing/$stream") {{ return 404; }}
            if (-f "{folder}/slow/$stream") {{ set $limit_rate 16k; }}
        }}
        location /stat {{ rtmp_stat all; }}
        location /watching {{ stub_status; }}
    }}
}}
"""


def server_config(stage: Stage) -> str:
    user = "user root;" if os.geteuid() == 0 else ""
    ports = {name: stage.ports[name] for name in ("rtmp", "http")}
    return _CONFIG.format(user=user, folder=stage.folder, module=rtmp_module(), way=WAY, **ports)
