"""A case and the account that counts it, in one change; two at once against the limit."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from change_laws import Store, happened, heard
from hypothesis import given
from hypothesis import strategies as st
from table_grid import differences, grid_of, read_grid
from toy_cases import CLERK, NOON, PROGRAM, QUOTA, Saying
from toy_quota import (
    BOOKINGS,
    LIFECYCLES,
    MEMBERS,
    Book,
    Booking,
    BookingRole,
    BookingState,
    CountIn,
    CountOut,
    GiveBack,
    Join,
    Leave,
    Member,
    MemberRole,
    MemberState,
    QuotaPolicy,
)

from servflow.core.changes import Append, Change, Key, Set
from servflow.core.citations import Reason
from servflow.core.errors import Refused, StaleVersion
from servflow.core.lifecycle import OPENING, SAME

BOOKING_GRID = """
          -        HELD      ENDED
Book      D>HELD   .         .
GiveBack  .        D>ENDED   .
"""
MEMBER_GRID = """
          -          ACTIVE    LEFT
Join      D>ACTIVE   .         .
CountIn   .          S>=       .
CountOut  .          S>=       .
Leave     .          D>LEFT    .
"""

POLICY = QuotaPolicy(limit=2)
MEMBER = Key("toy.member", "member-1")
JOIN = Saying(Join, "member-1", CLERK, {})


def book(number: int, *, member: str = "member-1") -> Saying:
    """One booking of the member."""
    return Saying(Book, f"booking-{number}", CLERK, {"member": member})


def give_back(number: int) -> Saying:
    """Its end."""
    return Saying(GiveBack, f"booking-{number}", CLERK, {})


def store_after(*sayings: Saying) -> Store:
    """A store in which these were said, none of them refused."""
    store = Store(LIFECYCLES, POLICY)
    for number, saying in enumerate(sayings):
        happened(store.do(saying.at(NOON, number)))
    return store


def held(store: Store) -> tuple[str, ...]:
    """What counts against the member's limit."""
    member = store.aggregates[MEMBER]
    assert isinstance(member, Member)
    return member.held


def test_the_bookings_table_is_the_grid() -> None:
    """Every cell is as it was written by hand, blank ones included."""
    grid = read_grid(
        BOOKING_GRID, states={each.name: each for each in BookingState}, roles={"D": BookingRole.DESK}
    )

    assert differences(grid, grid_of(BOOKINGS)) == []


def test_the_members_table_is_the_grid() -> None:
    """Every cell is as it was written by hand, blank ones included."""
    roles = {"D": MemberRole.DESK, "S": MemberRole.SYSTEM}
    grid = read_grid(MEMBER_GRID, states={each.name: each for each in MemberState}, roles=roles)

    assert differences(grid, grid_of(MEMBERS)) == []


def test_deciding_keeps_to_both_grids() -> None:
    """A command goes where its cell says, and is refused in a blank one."""
    booking = Booking(id="booking-1", state=BookingState.HELD, version=1, member="member-1")
    member = Member(id="member-1", state=MemberState.ACTIVE, version=1)
    bookings = read_grid(
        BOOKING_GRID, states={each.name: each for each in BookingState}, roles={"D": BookingRole.DESK}
    )
    members = read_grid(
        MEMBER_GRID,
        states={each.name: each for each in MemberState},
        roles={"D": MemberRole.DESK, "S": MemberRole.SYSTEM},
    )
    sayings = {
        Book: book(1),
        GiveBack: give_back(1),
        Join: JOIN,
        CountIn: Saying(CountIn, "member-1", CLERK, {"booking": "booking-1"}),
        CountOut: Saying(CountOut, "member-1", CLERK, {"booking": "booking-1"}),
        Leave: Saying(Leave, "member-1", CLERK, {}),
    }
    for lifecycle, grid, it in ((BOOKINGS, bookings, booking), (MEMBERS, members, member)):
        for state, command, role in product(
            (OPENING, *lifecycle.states), lifecycle.commands, lifecycle.roles
        ):
            read = {MEMBER: member} | ({it.key: replace(it, state=state)} if state is not OPENING else {})
            if state is OPENING and lifecycle is MEMBERS:
                read = {}
            saying = replace(sayings[command], by=QUOTA.actors[role])
            found = heard(LIFECYCLES, saying.at(NOON, 1), read, policy=POLICY)
            targets = {state if to is SAME else to for to in grid[state, command.__name__, role]}
            assert targets == ({found} if found else set()), (state, command, role)


def test_a_booking_and_its_count_are_one_change() -> None:
    """Both become true together: two aggregates, two entries, the second given by the system."""
    store = store_after(JOIN)
    change = happened(store.decide(book(1).at(NOON, 7)))

    assert change.becomes == (
        Booking(id="booking-1", state=BookingState.HELD, version=1, member="member-1"),
        Member(id="member-1", state=MemberState.ACTIVE, version=2, held=("booking-1",)),
    )
    assert change.expects == ((MEMBER, 1), (Key("toy.booking", "booking-1"), 0))
    opened, counted = change.entries
    assert (opened.role, opened.alterations) == (
        "desk", (Set("state", BookingState.HELD), Set("member", "member-1")),
    )  # fmt: skip
    assert (counted.role, counted.command.id) == ("system", "c-7/count")
    assert counted.alterations == (Set("held", ("booking-1",)),)


def test_a_second_booking_is_appended() -> None:
    """The entry of the account holds what was added, not all that is held."""
    store = store_after(JOIN, book(1), book(2))

    assert store.journal[-1].alterations == (Append("held", ("booking-2",)),)


def test_two_at_once_cannot_both_pass_the_limit() -> None:
    """Decided on the same versions, both expect them; the second is stale, and refused when decided again."""
    store = store_after(JOIN, book(1))
    one, other = (happened(store.decide(book(number).at(NOON, number))) for number in (2, 3))
    assert dict(one.expects)[MEMBER] == dict(other.expects)[MEMBER] == 2

    store.commit(one)
    with pytest.raises(StaleVersion) as stale:
        store.commit(other)
    assert (stale.value.kind, stale.value.expected, stale.value.found) == ("toy.member", 2, 3)
    assert held(store) == ("booking-1", "booking-2")
    assert Key("toy.booking", "booking-3") not in store.aggregates

    with pytest.raises(Refused) as refused:
        happened(store.do(book(3).at(NOON, 3)))
    assert refused.value.reasons == (Reason("quota.full", None, (("limit", 2), ("held", 2))),)
    assert (refused.value.subject, refused.value.command) == ("toy.booking booking-3", "Book")


def test_what_was_not_there_is_expected_not_to_be() -> None:
    """Whoever is refused for want of a member has looked; one who joins meanwhile makes it stale."""
    store = store_after()
    with pytest.raises(Refused, match=r"quota\.no-member"):
        happened(store.do(book(1).at(NOON, 1)))

    left = store_after(JOIN, Saying(Leave, "member-1", CLERK, {}))
    with pytest.raises(Refused, match=r"quota\.no-member"):
        happened(left.do(book(1).at(NOON, 9)))


def test_what_is_given_back_counts_no_more() -> None:
    """There is room again."""
    store = store_after(JOIN, book(1), book(2), give_back(1), book(3))

    assert held(store) == ("booking-2", "booking-3")


def test_a_member_who_holds_something_cannot_leave() -> None:
    """The account stays until everything is given back."""
    store = store_after(JOIN, book(1))
    with pytest.raises(Refused, match=r"quota\.still-held \(held=1\)"):
        happened(store.do(Saying(Leave, "member-1", CLERK, {}).at(NOON, 9)))


def test_the_desk_does_not_count() -> None:
    """What follows from a booking is the system's to say."""
    store = store_after(JOIN)
    counting = Saying(CountIn, "member-1", CLERK, {"booking": "b"})
    with pytest.raises(Refused, match=r"lifecycle\.not-yours \(roles=system\)"):
        happened(store.do(counting.at(NOON, 9)))

    happened(store.do(replace(counting, by=PROGRAM).at(NOON, 9)))


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.integers(1, 5), st.booleans()), max_size=20))
def test_no_interleaving_passes_the_limit(steps: list[tuple[int, bool, int, bool]]) -> None:
    """Three clerks decide on what they read, however old, and commit later: the limit always holds."""
    store = store_after(JOIN)
    on_their_desks: dict[int, Change] = {}
    for number, (clerk, commits, booking, books) in enumerate(steps, start=100):
        if not commits:
            decided = store.decide((book(booking) if books else give_back(booking)).at(NOON, number))
            if isinstance(decided, Change):
                on_their_desks[clerk] = decided
        elif clerk in on_their_desks:
            try:
                store.commit(on_their_desks.pop(clerk))
            except StaleVersion:
                continue
        bookings = [it for it in store.aggregates.values() if isinstance(it, Booking)]
        assert set(held(store)) == {it.id for it in bookings if it.state is BookingState.HELD}
        assert len(held(store)) <= POLICY.limit
