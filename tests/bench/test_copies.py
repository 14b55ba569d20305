"""What is done in a copy of the process stays there; its result comes back, or why it cannot."""

import os

import pytest

from tests.bench.copies import CopyError, in_a_copy


def test_the_original_sees_the_result_and_nothing_else() -> None:
    things = [1, 2]

    def act(more: int) -> int:
        things.append(more)
        return sum(things)

    assert [in_a_copy(act, 3), in_a_copy(act, 4)] == [6, 7]
    assert things == [1, 2]


def test_a_copy_may_be_copied() -> None:
    assert in_a_copy(in_a_copy, sum, (1, 2)) == 3


def test_what_was_raised_is_told() -> None:
    with pytest.raises(CopyError, match="ZeroDivisionError"):
        in_a_copy(divmod, 1, 0)


def test_a_copy_that_ends_without_a_word_is_told() -> None:
    with pytest.raises(CopyError, match="without a word"):
        in_a_copy(os._exit, 1)
