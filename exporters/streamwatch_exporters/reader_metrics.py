"""What the probes that read a stream say of their reading. Declared once: several protocols give samples of it."""

from streamwatch_exporters.repeating import Declared

HANDSHAKE = Declared(
    "streamwatch_reader_handshake_seconds",
    "From the first packet sent until the protocol was agreed. 握手耗时",
    ("protocol",),
)
FIRST_FRAME = Declared(
    "streamwatch_reader_first_frame_seconds",
    "From the first packet sent until the first audio or video frame. 首帧耗时",
    ("protocol",),
)
CONNECTED = Declared(
    "streamwatch_reader_connected",
    "1 audio or video came, 0 understood but none came, absent: cannot tell. 1 读到音视频",
    ("protocol",),
)
RECONNECTS = Declared(
    "streamwatch_reader_reconnects",
    "Times a reader had to connect again, by why. 重连次数",
    ("protocol", "reason"),
    counter=True,
)
BYTES = Declared("streamwatch_reader_bytes", "Bytes of media received. 收到字节", ("media",), counter=True)
PACKETS = Declared("streamwatch_reader_packets", "Packets of media received. 收到包数", ("media",), counter=True)
LAST_PACKET_AGE = Declared(
    "streamwatch_reader_last_packet_age_seconds", "Since the last packet of media. 距上一个包", ("media",)
)
