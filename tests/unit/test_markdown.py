"""The few shapes of the generated documents."""

from protocol.programmer import markdown

PAGE = """\
# Head   line

word
word word

- item one
  goes on
- item two

115200 is no number of a list

```text
left   as it is,
- also this
```

| a | b |
| --- | --- |
"""


def test_paragraphs_and_items_are_broken_anew_and_nothing_else() -> None:
    assert markdown.reflow(PAGE) == PAGE.replace("word\nword word", "word word word").replace(
        "item one\n  goes on", "item one goes on"
    )


def test_long_items_are_indented_under_their_text() -> None:
    lines = markdown.reflow("- " + "word " * 40).splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 96 for line in lines)
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])


def test_a_table_and_a_block() -> None:
    assert markdown.table(("a", "b"), [("1", "2")]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert markdown.block("x\n\n") == "```text\nx\n```"
