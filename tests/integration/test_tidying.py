"""What was posted long ago is forgotten; what it led to stays."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from servers.story import Story, alert
from streamwatch.store.tables import inbox
from streamwatch.watching.tidying import EVERY, KEPT, Tidying


def posted(story: Story) -> int:
    with story.store.database.reading() as connection:
        return int(connection.scalar(select(func.count()).select_from(inbox)) or 0)


async def test_old_webhooks_go_and_their_incident_stays(tmp_path: Path) -> None:
    """Folded two weeks ago: gone. Not folded, or set aside for people: kept, however old."""
    story = Story(tmp_path)
    tidying = Tidying(story.store, story.clock)
    await story.push(alert())
    await story.push(alert(stream="second"))
    await story.accept(alert(stream="third"))
    with story.store.database.writing() as connection:
        connection.execute(update(inbox).where(inbox.c.id == 2).values(trouble="could not be folded"))
    await tidying.step()
    assert posted(story) == 3

    story.clock.advance((KEPT + EVERY).total_seconds())
    await tidying.step()
    assert posted(story) == 2
    assert {record.incident.stream for record in story.incidents()} == {"demo", "second"}
    await story.turn()
    assert len(story.incidents()) == 3
    await story.close()


async def test_a_month_of_them_goes_in_small_parts(tmp_path: Path) -> None:
    """One part at a step, one step in ten seconds: nobody waits for it."""
    story = Story(tmp_path)
    for number in range(3):
        await story.push(alert(stream=f"room-{number}"))
    story.clock.advance((KEPT + timedelta(days=30)).total_seconds())
    before = story.clock() - KEPT
    assert [story.store.inbox.forget(before, 2) for _ in range(3)] == [2, 1, 0]
    await story.close()
