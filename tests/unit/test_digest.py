"""Many pages in one message: what its reader sees first, and what a channel may cut."""

from servers.story import person
from streamwatch.delivering.digest import LONGEST, Item, Letter, word_digest
from streamwatch.language import Text

GONE = Text("推流断开", "nothing arrives")
ALICE, BOB = person("alice"), person("bob")


def item(number: int, severity: str = "P0", *, over: bool = False, stream: str | None = None) -> Item:
    return Item(number, stream or f"room-{number}", severity, GONE, "tech", over)


def told(number: int) -> Item:
    return Item(number, f"room-{number}", "P0", GONE, "tech", False, told=True)


def letter(to: str = "alice", note: Text | None = None) -> Letter:
    reader = ALICE if to == "alice" else BOB
    return Letter("7", reader, False, "http://127.0.0.1/l/x", "http://127.0.0.1/", note=note)


def test_the_most_urgent_stands_first() -> None:
    """The title has severity, number, stream and name; the whole count is the first line and is never cut."""
    message = word_digest(letter("bob"), [item(1, "P2"), item(2, "P2"), item(3), item(4, "P1", over=True)])
    assert message.title == "[P0] 3 incidents: room-3 nothing arrives … @Bob"
    assert message.facts[0] == "in one message: P0 ×1 · P2 ×2 · over ×1; the link has the whole list"
    assert [fact[:4] for fact in message.facts[1:]] == ["P0 n", "P2 n", "over"]
    assert (message.severity, message.incidents, message.ended) == ("P0", ("3", "1", "2", "4"), ("4",))


def test_it_speaks_the_readers_language() -> None:
    """Alice reads Chinese; many streams at once have a cause in common."""
    message = word_digest(letter(), [item(1), item(2)])
    assert message.title == "【P0】2 个事件：room-1 推流断开 等 @Alice"
    assert message.facts == ("合并呼叫：P0 ×2；完整列表见链接", "P0 推流断开 ×2： room-1 room-2")
    assert "共同的一环" in message.steps[0]


def test_only_ends_ask_for_nothing() -> None:
    """No ack link, nothing to do; doubt about the ends stands right below the number."""
    message = word_digest(letter("bob", Text("未必", "doubtful")), [item(1, over=True), item(2, over=True)])
    assert (message.title, message.steps, message.ack_url) == ("[OVER] 2 incidents", (), None)
    assert message.facts[1] == "doubtful"


def test_what_is_only_told_stands_apart() -> None:
    """Below what calls, whatever its severity; alone it has nothing to take, and wakes nobody."""
    mixed = word_digest(letter("bob"), [told(1), item(2, "P2"), item(3, over=True)])
    assert mixed.title == "[P2] 1 incidents: room-2 nothing arrives … @Bob"
    assert mixed.facts[0] == "in one message: P2 ×1 · FYI ×1 · over ×1; the link has the whole list"
    assert (mixed.incidents, mixed.told, mixed.wakes_nobody) == (("2", "1", "3"), ("1",), False)
    assert mixed.ack_url
    alone = word_digest(letter("bob"), [told(1), told(2), item(3, over=True)])
    assert alone.title == "[FYI] 3 incidents: room-1 nothing arrives …"
    assert (alone.steps, alone.ack_url, alone.button) == ((), None, None)
    assert (alone.wakes_nobody, alone.all_over) == (True, False)


def test_a_stream_that_flaps_is_one_word() -> None:
    """Thirty incidents of one stream: its name once, with their number."""
    message = word_digest(letter(), [item(number, over=True, stream="demo") for number in range(30)])
    assert message.facts[1] == "恢复 推流断开 ×30： demo ×30"


def test_a_long_line_says_how_many_it_leaves_out() -> None:
    """A thousand streams do not fit: the rest is a number."""
    message = word_digest(letter(), [item(number) for number in range(1000)])
    line = message.facts[1]
    assert len(line) <= LONGEST + 10
    shown = line.count("room-")
    assert line.endswith(f"+{1000 - shown}")
