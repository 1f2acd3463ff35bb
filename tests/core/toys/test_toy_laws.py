"""What holds for every toy, whatever is said to it, by whom, in which order."""

from __future__ import annotations

import pytest
from change_laws import Store
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import DataObject
from toy_cases import TOYS

from servflow.core.changes import Change


@pytest.mark.parametrize("name", TOYS)
@given(data=st.data())
def test_every_decision_keeps_the_laws(name: str, data: DataObject) -> None:
    """Alterations fold to the fields, seqs continue, all that was read is expected; a refusal leaves no trace."""
    toy = TOYS[name]
    store = Store(toy.lifecycles, toy.policy)
    for number, (saying, at) in enumerate(data.draw(toy.histories)):
        before = dict(store.aggregates)
        if not isinstance(store.do(saying.at(at, number)), Change):
            assert store.aggregates == before


@pytest.mark.parametrize("name", TOYS)
@given(data=st.data())
def test_a_history_that_is_decided_again_gives_the_same_journal(name: str, data: DataObject) -> None:
    """The same commands in the same order give the same journal, messages and postings."""
    toy = TOYS[name]
    one, other = Store(toy.lifecycles, toy.policy), Store(toy.lifecycles, toy.policy)
    history = data.draw(toy.histories)
    for store in (one, other):
        for number, (saying, at) in enumerate(history):
            store.do(saying.at(at, number))

    assert one.journal == other.journal
    assert (one.messages, one.postings) == (other.messages, other.postings)
