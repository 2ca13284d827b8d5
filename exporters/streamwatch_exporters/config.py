"""streams.yml: what to watch. Loading finds every mistake at once and says where each one stands."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from streamwatch_exporters.chat import ChatIntakeSettings, ChatSettings
from streamwatch_exporters.commerce import CommerceSettings
from streamwatch_exporters.dash import DashSettings
from streamwatch_exporters.disk import DiskSettings
from streamwatch_exporters.dns import DnsSettings
from streamwatch_exporters.flv import FlvSettings
from streamwatch_exporters.gpu import GpuSettings
from streamwatch_exporters.hls import HlsSettings
from streamwatch_exporters.http import HttpSettings
from streamwatch_exporters.ingest import IngestSettings
from streamwatch_exporters.ingest_kinds import KINDS
from streamwatch_exporters.language import Text
from streamwatch_exporters.mediamtx import MediaMtxSettings
from streamwatch_exporters.mistakes import ConfigMistakes, Mistake, MistakeWriter, reworded
from streamwatch_exporters.nginx_rtmp import NginxRtmpSettings
from streamwatch_exporters.node_media_server import NodeMediaServerSettings
from streamwatch_exporters.obs import ObsSettings
from streamwatch_exporters.picture import PictureSettings
from streamwatch_exporters.ping import PingSettings
from streamwatch_exporters.probe import ProbeName
from streamwatch_exporters.rtmp import RtmpSettings
from streamwatch_exporters.settings import Id, Settings, exactly_one
from streamwatch_exporters.snmp_settings import SnmpSettings
from streamwatch_exporters.srs import SrsSettings
from streamwatch_exporters.srt import SrtSettings
from streamwatch_exporters.tcp import TcpSettings
from streamwatch_exporters.throughput import ThroughputSettings
from streamwatch_exporters.tls import TlsSettings
from streamwatch_exporters.yaml_places import Document, Misread, Path, Place, read_yaml
from streamwatch_exporters.zlmediakit import ZLMediaKitSettings

_MAX_BYTES = 4 * 1024 * 1024

Found = tuple[Path, Text]


def split_listen(listen: str) -> tuple[str, int]:
    """`host:port` as its two parts; an IPv6 address stands in brackets. Raises ValueError."""
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError("host:port is expected")
    return host, int(port)


def _listen(listen: str) -> str:
    try:
        split_listen(listen)
    except ValueError as exc:
        raise PydanticCustomError("listen", "host:port is expected") from exc
    return listen


HostPlace = Literal["gateway", "provider", "ingest", "cdn", "device", "other"]


class Server(Settings):
    """An ingest server, of exactly one kind."""

    id: Id
    nginx_rtmp: NginxRtmpSettings | None = None
    node_media_server: NodeMediaServerSettings | None = None
    srs: SrsSettings | None = None
    mediamtx: MediaMtxSettings | None = None
    zlmediakit: ZLMediaKitSettings | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        exactly_one({kind: getattr(self, kind) for kind in KINDS})
        return self

    @property
    def kind(self) -> ProbeName:
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def settings(self) -> Settings:
        settings: Settings = getattr(self, self.kind)
        return settings


class Stream(Settings):
    """One stream and the probes that look at it. `nginx_rtmp` is what `ingest` was called once."""

    id: Id
    ingest: IngestSettings | None = None
    nginx_rtmp: IngestSettings | None = None
    hls: HlsSettings | None = None
    dash: DashSettings | None = None
    flv: FlvSettings | None = None
    rtmp: RtmpSettings | None = None
    srt: SrtSettings | None = None
    obs: ObsSettings | None = None
    picture: PictureSettings | None = None
    chat: ChatSettings | None = None
    commerce: CommerceSettings | None = None

    @model_validator(mode="after")
    def _one_ingest(self) -> Self:
        if self.published is not None:
            exactly_one({"ingest": self.ingest, "nginx_rtmp": self.nginx_rtmp})
        return self

    @property
    def published(self) -> IngestSettings | None:
        """Where it is published, whatever the key in the file."""
        return self.ingest or self.nginx_rtmp


class Host(Settings):
    """A machine or an address on the way, and the probes that look at it. `place` says where on the way it is."""

    id: Id
    place: HostPlace = "other"
    streams: tuple[Id, ...] = ()
    ping: PingSettings | None = None
    tcp: TcpSettings | None = None
    tls: TlsSettings | None = None
    dns: DnsSettings | None = None
    http: HttpSettings | None = None
    throughput: ThroughputSettings | None = None
    snmp: SnmpSettings | None = None
    disk: DiskSettings | None = None
    gpu: GpuSettings | None = None


class Config(Settings):
    """All of streams.yml."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:9780"
    chat: ChatIntakeSettings | None = None
    servers: tuple[Server, ...] = ()
    streams: tuple[Stream, ...] = ()
    hosts: tuple[Host, ...] = ()


def settings_of(config: Config, probe: str) -> dict[str, Settings]:
    """What *probe* is to watch: settings by the id of the stream or host that names it."""
    named: tuple[Stream | Host, ...] = (*config.streams, *config.hosts)
    found = ((each.id, getattr(each, probe, None)) for each in named)
    return {id_: settings for id_, settings in found if settings is not None}


def load_config(path: FilePath, *, read_secrets: bool = True) -> Config:
    """Load and check a file. Raises `ConfigMistakes` with everything that is wrong in it.

    Without `read_secrets` the files that hold secrets are not looked at: for a check on another machine.
    """
    text = _read(path)
    try:
        document = read_yaml(text)
    except Misread as exc:
        raise ConfigMistakes([Mistake(str(path), exc.place, exc.key, exc.text)]) from exc
    writer = MistakeWriter(str(path), text, document)
    mistakes = [writer.at_place(place, path_, _DUPLICATE_KEY) for path_, place in document.duplicates]
    mistakes += [writer.at(path_, said) for path_, said in _cross_check(document.data)]
    config = None
    try:
        context = {"folder": path.parent, "read_secrets": read_secrets}
        config = Config.model_validate(document.data or {}, context=context)
    except ValidationError as exc:
        mistakes += _validation_mistakes(exc, document, writer)
    if mistakes or config is None:
        raise ConfigMistakes(mistakes)
    return config


def _read(path: FilePath) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) <= _MAX_BYTES:
            return content.decode("utf-8-sig")
        said = Text("文件过大", "the file is too large")
    except UnicodeDecodeError:
        said = Text("文件不是 UTF-8 文本，请另存为 UTF-8", "the file is not UTF-8 text: save it as UTF-8")
    except OSError:
        said = Text("文件读不了：检查路径与权限", "the file cannot be read: check its path and permissions")
    raise ConfigMistakes([Mistake(str(path), Place(1, 1), "", said)])


def _validation_mistakes(exc: ValidationError, document: Document, writer: MistakeWriter) -> Iterator[Mistake]:
    for error in exc.errors(include_url=False, include_input=False):
        path = error["loc"]
        yield writer.at(path, reworded(error, known_keys))


def known_keys(path: Path) -> list[str]:
    """The keys that may stand below a path."""
    model: Any = Config
    for part in path:
        if isinstance(part, str):
            model = _inner_model(model.model_fields[part].annotation)
    return list(model.model_fields)


def _inner_model(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner_model, get_args(annotation))), None)


_DUPLICATE_KEY = Text("这个键写了两次，请删去一个", "this key is written twice: remove one")


def _cross_check(data: Any) -> Iterator[Found]:
    """What only shows between parts of the file. Works on raw data, so that other mistakes hide none of these."""
    if not isinstance(data, dict):
        return
    yield from _duplicate_ids(data, "servers")
    yield from _duplicate_ids(data, "streams")
    yield from _duplicate_ids(data, "hosts")
    kinds = {
        server["id"]: {kind for kind in KINDS if kind in server}
        for _, server in _entries(data, "servers")
        if isinstance(server.get("id"), str)
    }
    for at, stream in _entries(data, "streams"):
        for key in ("ingest", "nginx_rtmp"):
            yield from _ingest_check((*at, key), stream.get(key), kinds)
        yield from _stream_check(at, stream, has_intake=data.get("chat") is not None)
    streams = {stream.get("id") for _, stream in _entries(data, "streams") if isinstance(stream.get("id"), str)}
    for at, host in _entries(data, "hosts"):
        yield from _host_check(at, host, streams)


def _ingest_check(at: Path, ingest: Any, kinds: dict[str, set[ProbeName]]) -> Iterator[Found]:
    if not isinstance(ingest, dict) or not isinstance(server := ingest.get("server"), str):
        return
    if server not in kinds:
        listed = ", ".join(sorted(kinds)) or "-"
        yield (
            (*at, "server"),
            Text(f"servers 里没有这个 id，已有：{listed}", f"no server has this id; servers are: {listed}"),
        )
    elif ingest.get("app") == "" and kinds[server] != {"mediamtx"}:
        yield (*at, "app"), Text("不能为空（只有 mediamtx 可以）", "must not be empty (mediamtx alone may)")


def _stream_check(at: Path, stream: dict[str, Any], *, has_intake: bool) -> Iterator[Found]:
    for key in ("chat", "commerce"):
        if stream.get(key) is not None and not has_intake:
            yield (
                (*at, key),
                Text("还需要顶层的 chat.token_file", "this needs chat.token_file at the top of the file"),
            )
    if not {key for key, value in stream.items() if value is not None} - {"id"}:
        probes = " ".join(key for key in Stream.model_fields if key != "id")
        yield at, Text(f"没有任何探测，可写：{probes}", f"nothing looks at it; probes are: {probes}")


def _host_check(at: Path, host: dict[str, Any], streams: set[Any]) -> Iterator[Found]:
    named = host.get("streams")
    for i, stream in enumerate(named if isinstance(named, list) else []):
        if isinstance(stream, str) and stream not in streams:
            listed = ", ".join(sorted(streams)) or "-"
            yield (
                (*at, "streams", i),
                Text(f"streams 里没有这个 id，已有：{listed}", f"no stream has this id; streams are: {listed}"),
            )
    if not {key for key, value in host.items() if value is not None} - {"id", "place", "streams"}:
        probes = " ".join(key for key in Host.model_fields if key not in ("id", "place", "streams"))
        yield at, Text(f"没有任何探测，可写：{probes}", f"nothing looks at it; probes are: {probes}")


def _duplicate_ids(data: dict[str, Any], key: str) -> Iterator[Found]:
    seen: Counter[str] = Counter()
    for at, entry in _entries(data, key):
        id_ = entry.get("id")
        if isinstance(id_, str):
            seen[id_] += 1
            if seen[id_] > 1:
                yield (*at, "id"), Text("这个 id 已用过，请换一个", "this id is taken: choose another")


def _entries(data: dict[str, Any], key: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    entries = data.get(key)
    for i, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            yield (key, i), entry
