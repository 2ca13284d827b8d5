"""What viewers see, hear and write. Pure."""

from streamwatch.language import Text
from streamwatch.preflight.check import Result, absent, bad, good, unknown
from streamwatch.preflight.question import Answers, Check, Plan, lately, listed, set_up

OLD = 60.0  # seconds; a sample of the picture is taken every few
SILENT = -60.0  # dBFS, as the probe of the picture takes it
_NO_SAMPLE = Text(
    "先让播放正常；再看采集器日志里的解码错误", "make it playable first; then see the exporter's log for decoding"
)


def picture(found: Answers, _plan: Plan) -> Result:
    if not found["set_up"]:
        return absent("streams.yml 没有写 picture", "streams.yml names no picture")
    black, frozen, age = found.value("black"), found.value("frozen"), found.value("age")
    if age is None or age > OLD or black is None:
        return unknown(Text("最近一分钟没有解出画面", "no picture was decoded within a minute"), _NO_SAMPLE)
    if found.value("slate"):
        return good("正在放垫片", "the slate is on")
    if black:
        return bad(
            Text("画面是黑的", "the picture is black"),
            Text("检查摄像机电源、镜头盖和 OBS 的场景", "check the camera, its cap, and the scene in OBS"),
        )
    if frozen:
        return bad(
            Text("画面不动", "the picture stands still"),
            Text(
                "检查采集卡和摄像机；是垫片就在 streams.yml 写 slate",
                "check capture card and camera; if it is a slate, tell streams.yml",
            ),
        )
    if frozen is None:
        return unknown(
            Text("还看不出画面动不动", "whether it moves cannot be told yet"),
            Text("等几秒再看；再看采集器日志里的解码错误", "look again in seconds; then see the exporter's log"),
        )
    return good("画面正常，不黑不冻", "it moves and is not black")


def sound(found: Answers, _plan: Plan) -> Result:
    levels, channels = found["levels"], found["channels"]
    if not (found["set_up"] or levels):
        return absent(
            "streams.yml 没有写 picture，OBS 也没有音量", "streams.yml names no picture, and OBS no levels"
        )
    if not channels and not levels:
        return unknown(Text("声音没有数值", "there is no value of the sound"), _NO_SAMPLE)
    cure = Text("检查话筒电源、声卡和 OBS 的静音", "check the microphone, the sound card, and mute in OBS")
    if silent := [each.labels.get("channel", "") for each in channels if each.value]:
        if len(silent) == len(channels):
            return bad(Text("没有声音", "there is no sound"), cure)
        return bad(Text(f"声道 {listed(silent)} 没有声音", f"channel {listed(silent)} is silent"), cure)
    if not channels and all(each.value <= SILENT for each in levels):
        return bad(Text("OBS 里没有声音", "there is no sound in OBS"), cure)
    return good("有声音", "it is heard")


def chat(found: Answers, _plan: Plan) -> Result:
    if not found["set_up"]:
        return absent("没有弹幕来源", "no chat is fed in")
    if off := [each.labels.get("platform", "") for each in found["connected"] if not each.value]:
        return bad(
            Text(f"没有弹幕：{listed(off)}", f"nothing comes from {listed(off)}"),
            Text(
                "在直播间发一条测试弹幕；没有出现就重启弹幕转发",
                "write a test message in the room; if it is not seen, restart the feed",
            ),
        )
    if not found["connected"]:
        return unknown(
            Text("弹幕从来没有来过", "the chat was never heard"),
            Text("启动弹幕转发，在直播间发一条测试弹幕", "start the feed and write a test message in the room"),
        )
    return good("弹幕有数据", "the chat is heard")


SEEN = (
    Check(
        "picture",
        {
            "set_up": set_up('stream=$stream, probe="picture"'),
            "black": "max(streamwatch_video_black{stream=$stream})",
            "frozen": "max(streamwatch_video_frozen{stream=$stream})",
            "slate": "max(streamwatch_video_slate{stream=$stream})",
            "age": "time() - max(streamwatch_picture_sample_timestamp_seconds{stream=$stream})",
        },
        picture,
    ),
    Check(
        "sound",
        {
            "set_up": set_up('stream=$stream, probe="picture"'),
            "channels": "max by (channel) (streamwatch_audio_silent{stream=$stream})",
            "levels": "max by (input) (obs_input_level_dbfs{stream=$stream})",
        },
        sound,
    ),
    Check(
        "chat",
        {
            "set_up": lately("streamwatch_chat_complaints_total{stream=$stream}"),
            "connected": "max by (platform) (streamwatch_chat_connected{stream=$stream})",
        },
        chat,
    ),
)
