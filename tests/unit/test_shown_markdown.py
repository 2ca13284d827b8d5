"""A review as its page shows it: the parts that ours have, and whatever people wrote into one."""

import pytest

from streamwatch.web.shown_markdown import Block, blocks


def test_the_parts_of_a_review() -> None:
    """Title, headings, tables without their rule, lists, paragraphs; emphasis is left out."""
    text = "# Review\n\n2026\n\n## Result\n\n| a | b |\n| --- | --- |\n| 1 |  |\n\n- one **#12**\n- two\n"
    assert [*blocks(text)] == [
        Block("title", [["Review"]]),
        Block("text", [["2026"]]),
        Block("heading", [["Result"]]),
        Block("table", [["a", "b"], ["1", ""]]),
        Block("list", [["one #12"], ["two"]]),
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [[""]]),
        ("我们的结论\n第二行", [["我们的结论"], ["第二行"]]),
        ("- one\nand more", [["- one"], ["and more"]]),
        ("<script>", [["<script>"]]),
    ],
)
def test_what_people_wrote_stays_as_it_is(text: str, lines: list[list[str]]) -> None:
    """Nothing is lost, and an emptied file is an empty page."""
    assert [*blocks(text)] == [Block("text", lines)]
