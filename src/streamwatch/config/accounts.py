"""Who could press a button and would not be known by it: told when duty.yml is checked, and not first at night."""

from collections.abc import Iterator

from streamwatch.channels import ChannelSettings
from streamwatch.config.schema import DutyFile
from streamwatch.language import Text

NOT_AN_ACCOUNT = Text(
    "{name} 在渠道 {channel} 上的 to 不是账号：此人按按钮、写“认领”时认不出是谁；请写 {wanted}",
    "the `to` of {name} on {channel} is no account: a press or a word of theirs would be nobody's; write {wanted}",
)


def unknown_accounts(file: DutyFile) -> Iterator[Text]:
    for person in file.people:
        for contact in person.contacts:
            for each in _robots(file, contact.channel):
                if each.has_buttons and not each.is_account(contact.to):
                    yield _told(person.name, contact.channel, each.account_form)
                    break


def _told(name: str, channel: str, wanted: Text) -> Text:
    said = (
        sentence.format(name=name, channel=channel, wanted=form)
        for sentence, form in zip(NOT_AN_ACCOUNT, wanted, strict=True)
    )
    return Text(*said)


def _robots(file: DutyFile, channel: str) -> Iterator[ChannelSettings]:
    """The channel itself, or those that it is a pool of."""
    settings = file.channels.get(channel)
    if settings is not None and settings.type == "pool":
        yield from (file.channels[member] for member in settings.of if member in file.channels)
    elif settings is not None:
        yield settings
