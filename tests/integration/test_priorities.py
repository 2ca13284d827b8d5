"""What is most urgent goes first: in the outbox, in a robot's limit, and in what one person gets."""

from datetime import timedelta
from pathlib import Path

from servers.story import Phone, Story, alert, book, person, webhook
from streamwatch.channels.channel import Limit


def mild(number: int) -> dict[str, object]:
    return alert(stream=f"mild-{number}", severity="P2", role="ops", procedure=f"p{number}")


async def test_a_quarter_of_a_robot_is_kept_for_p0(tmp_path: Path) -> None:
    """Thirty people get a note over one robot of twenty a minute; the P0 right after it goes out at once."""
    robot = Phone(limits=(Limit(20, timedelta(minutes=1)),))
    crew = tuple(person(f"crew-{number}", "robot") for number in range(30))
    story = Story(tmp_path, book((*crew, person("alice", "robot")), {"tech": ("alice",), "ops": ()}), robot=robot)
    await story.push(alert(stream="note", severity="P2", role="ops"))
    before = len(robot.rang)
    await story.push(*(alert(stream=f"fire-{number}") for number in range(3)))

    assert before == 15
    assert [message.stream for _, message in robot.rang[before:]] == [""]
    assert robot.rang[-1][1].incidents == ("2", "3", "4")
    assert robot.rang[-1][0] == "alice"
    await story.close()


async def test_a_flood_of_mild_pages_does_not_hold_up_a_p0(tmp_path: Path) -> None:
    """Bob got all the notes he may get in ten minutes; the P0 that calls him is his next message, at once."""
    story = Story(tmp_path, book(default={"tech": ("bob",), "ops": ("bob",)}))
    for number in range(5):
        await story.push(mild(number))
        await story.wait(60, step=20)
    assert len(story.phone.rang) < 4
    await story.push(alert())

    assert (story.phone.rang[-1][1].severity, story.phone.rang[-1][1].kind) == ("P0", "firing")
    await story.close()


async def test_p0_stands_first_where_all_wait_together(tmp_path: Path) -> None:
    """What waited longest goes with it, and stands below it."""
    story = Story(tmp_path, book(default={"tech": ("bob",), "ops": ("bob",)}))
    await story.push(mild(1))
    await story.push(mild(2), mild(3))
    assert len(story.phone.rang) == 1
    await story.push(*(alert(stream=f"fire-{number}") for number in range(4)))

    digest = story.phone.rang[-1][1]
    assert [message.kind for _, message in story.phone.rang] == ["firing", "firing", "firing", "digest"]
    assert digest.severity == "P0"
    assert len(digest.incidents) == 4
    assert digest.facts[1].startswith("P0")
    await story.close()


async def test_two_robots_in_their_reserve_do_not_send_a_page_to_and_fro(tmp_path: Path) -> None:
    """A P1 waits until one of them is free for it; meanwhile nothing is moved."""
    limits = (Limit(4, timedelta(minutes=1)),)
    robots = {"one": Phone(limits=limits), "two": Phone(limits=limits)}
    story = Story(tmp_path, book((person("alice", "one", "two"),), {"tech": ("alice",)}), **robots)
    for robot in (*robots, *robots, *robots):
        story.delivery._pace.sent(robot, story.clock())
    await story.store.inbox.accept("alertmanager", webhook(alert(severity="P1")), story.clock())
    story.folding.fold()
    rounds = 0
    while rounds < 10 and await story.delivery.send_due():
        await story.delivery.settle()
        rounds += 1
    assert rounds == 1

    await story.wait(70)
    assert [robot.heard() for robot in robots.values()] == [[("alice", "firing")], []]
    await story.close()
