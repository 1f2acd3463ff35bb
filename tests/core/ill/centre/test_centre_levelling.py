"""A settlement levels a member's relation and account: the ledger, what is open, and the sheet agree."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from centre_network import CENTRE_LENDS
from hypothesis import given
from hypothesis import strategies as st

from servflow.core.changes import Actor, Aggregate, Change, Key, Office
from servflow.core.dates import Term
from servflow.core.errors import InvalidValue
from servflow.core.ill import ILL
from servflow.core.ill.accounts import commands as ac
from servflow.core.ill.accounts.model import IllAccount
from servflow.core.ill.accounts.states import AccountState, HolderKind
from servflow.core.ill.centre.settled import SettledTerms
from servflow.core.ill.centre.settlement import reckoned, settle
from servflow.core.ill.centre.settling import DrawUpSettlement, SettleMember
from servflow.core.ill.lending import commands as c
from servflow.core.ill.lending.model import Relation
from servflow.core.ill.lending.states import InstitutionKind, RelationState, SecurityKind
from servflow.core.ledger import Account, AccountKind, Posting, balance
from servflow.core.lifecycle import decide
from servflow.core.money import Money, total
from servflow.rulebooks import load, network_policy

CENTRE: Final = CENTRE_LENDS.library
NETWORK: Final = network_policy(load("calis/thesis-centre"), library=CENTRE)
POLICIES: Final[dict[str, Any]] = {each.name: NETWORK for each in ILL} | {Relation.kind: CENTRE_LENDS}
MEMBER: Final = "A"
RELATION: Final = Relation(
    id=MEMBER,
    state=RelationState.SIGNED,
    lender=CENTRE,
    institution=InstitutionKind.UNIVERSITY_LIBRARY,
    version=1,
)
ACCOUNT: Final = IllAccount(
    id=MEMBER,
    state=AccountState.ACTIVE,
    holder=HolderKind.INSTITUTION,
    keeper=CENTRE,
    home=MEMBER,
    version=1,
)
JANUARY: Final = 2026 * 12


def cny(amount: int | str) -> Money:
    return Money(amount, "CNY")


def first_of(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


class Books:
    """A centre's books of one member: what is charged, owed to it, paid and settled, month after month."""

    def __init__(self, *kept: Aggregate) -> None:
        self.aggregates: dict[Key, Aggregate] = {it.key: it for it in kept}
        self.postings: list[Posting] = []
        self.month = JANUARY
        self.said = 0

    @property
    def today(self) -> date:
        return first_of(self.month) + timedelta(days=9)

    def do(self, said_: type, case: str = MEMBER, /, office: Office = Office.STAFF, **said: Any) -> Change:
        self.said += 1
        at = datetime.combine(self.today, datetime.min.time(), tzinfo=NETWORK.zone).replace(hour=12)
        about = {"id": f"c-{self.said}", "case": case, "happened_at": at, "recorded_at": at}
        facts = said.pop("facts", None)
        command = said_(**about, by=Actor("clerk", CENTRE, office), **said)
        change = decide(ILL, command, self.aggregates, policy=POLICIES, facts=facts)
        self.aggregates |= {it.key: it for it in change.becomes}
        self.postings += change.postings
        return change

    def post(self, debit: str, credit: str, amount: Money) -> None:
        self.said += 1
        sides = (debit, credit) if amount.minor > 0 else (credit, debit)
        self.postings.append(
            Posting(
                key=f"p-{self.said}",
                debit=Account.parse(sides[0]),
                credit=Account.parse(sides[1]),
                amount=abs(amount),
                value_date=self.today,
                subject="T1",
                kind="loan-fee",
            )
        )

    def charge(self, amount: Money, *, on: str = Relation.kind) -> None:
        """A loan costs so much; below nothing, what it has cost is reversed."""
        self.post(f"receivable/{MEMBER}", "income/loan-fee", amount)
        charged = (("loan-fee", amount),)
        if on == Relation.kind:
            book: dict[str, Any] = {"loan": "T1", "out": None, "charged": charged, "unsettled": False}
            self.do(c.BookLoan, office=Office.SYSTEM, **book)
        else:
            self.do(ac.BookCase, office=Office.SYSTEM, request="B1", on_account=None, charged=charged)

    def owe(self, amount: Money) -> None:
        """The member has supplied something for so much."""
        self.post("expense/loan-fee", f"payable/{MEMBER}", amount)

    def sheet(self, month: int) -> Any:
        term = Term(first_of(month), first_of(month + 1))
        terms = self.aggregates.get(Key(SettledTerms.kind, CENTRE))
        before = terms.dues if isinstance(terms, SettledTerms) else {}
        return settle(self.postings, (MEMBER,), term, centre=CENTRE, currency="CNY", drawn_up=before)

    def draw_up(self, month: int) -> None:
        """The settlement of a month that is over, by what is posted by now."""
        term = Term(first_of(month), first_of(month + 1))
        facts = reckoned(self.postings, (MEMBER,), term, centre=CENTRE, currency="CNY")
        last = first_of(month + 1) - timedelta(days=1)
        self.do(DrawUpSettlement, f"s-{month}", first=first_of(month), last=last, facts=facts)

    def level(self, month: int) -> Change:
        return self.do(SettleMember, f"s-{month}", member=MEMBER)

    def held(self, kind: AccountKind) -> Money:
        return balance(self.postings, Account(kind, MEMBER), "CNY")

    @property
    def open(self) -> Money:
        """What stands open on the relation and on the account."""
        items: Any = (item for it in self.kept for item in it.open.values())
        return total((item.outstanding for item in items), "CNY")

    @property
    def kept(self) -> tuple[Any, ...]:
        return tuple(it for it in self.aggregates.values() if isinstance(it, (Relation, IllAccount)))

    def check(self) -> None:
        """The ledger says what the relation and the account say, and no payment counts in another sheet."""
        prepaid = total((it.security.get("prepayment", cny(0)) for it in self.kept), "CNY")
        assert self.held(AccountKind.RECEIVABLE) == self.open
        assert self.held(AccountKind.PREPAYMENT) == prepaid


@pytest.mark.parametrize("kept", [(RELATION,), (ACCOUNT,)], ids=["relation", "account"])
def test_what_a_member_pays_for_a_term_is_paid_where_it_stands_open(kept: tuple[Any, ...]) -> None:
    """Its charges are gone, what it is owed is set off, the rest is cash; the next sheet has nothing of it."""
    books = Books(*kept)
    books.charge(cny(30), on=kept[0].kind)
    books.owe(cny(4))
    books.month += 1
    books.draw_up(JANUARY)
    change = books.level(JANUARY)

    moved = [(str(each.debit), str(each.credit), each.amount, each.kind) for each in change.postings]
    assert moved == [
        ("payable/A", "receivable/A", cny(4), "settlement"),
        (f"cash/{CENTRE}", "receivable/A", cny(26), "settlement"),
    ]
    assert books.kept[0].open == {}
    assert books.sheet(books.month).dues == ()
    books.check()


def test_what_was_paid_meanwhile_is_prepaid() -> None:
    """Whoever pays a term twice has it back with the next sheet, out of what is prepaid."""
    books = Books(RELATION)
    books.charge(cny(30))
    books.month += 1
    books.draw_up(JANUARY)
    books.do(c.Pay, amount=cny(30))
    books.level(JANUARY)

    assert books.kept[0].security == {"prepayment": cny(30)}
    books.check()
    books.month += 1
    books.draw_up(JANUARY + 1)
    change = books.level(JANUARY + 1)

    assert [(str(each.debit), str(each.credit)) for each in change.postings] == [
        ("prepayment/A", f"cash/{CENTRE}")
    ]
    assert books.kept[0].security == {}
    books.check()


def test_what_a_settlement_gives_back_too_much_is_owed_again() -> None:
    """Of a prepayment that has been used meanwhile the rest is open, and stands in the sheet of that day."""
    books = Books(RELATION)
    books.charge(cny(30))
    books.month += 1
    books.draw_up(JANUARY)
    books.do(c.Pay, amount=cny(30))
    books.month += 1
    books.draw_up(JANUARY + 1)
    books.level(JANUARY + 1)

    (item,) = books.kept[0].open.values()
    assert (item.kind, item.subject, item.outstanding) == (
        "settlement-given-back",
        f"s-{JANUARY + 1}",
        cny(30),
    )
    books.check()
    (due,) = books.sheet(books.month).dues
    assert due.owes == cny(30)


def test_a_relation_is_paid_before_the_account_of_the_same_library() -> None:
    """As far as something is open on it; what was set off first, then the cash."""
    books = Books(RELATION, ACCOUNT)
    books.charge(cny(10))
    books.charge(cny(7), on=IllAccount.kind)
    books.owe(cny(12))
    books.month += 1
    books.draw_up(JANUARY)
    change = books.level(JANUARY)

    assert books.open == books.held(AccountKind.RECEIVABLE) == cny(0)
    assert books.held(AccountKind.PAYABLE) == cny(0)
    assert [(each.debit.kind.value, each.amount) for each in change.postings] == [
        ("payable", cny(10)),
        ("payable", cny(2)),
        ("cash", cny(5)),
    ]


STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(("charge", "account", "owe", "pay", "prepay", "month", "draw", "level")),
        st.integers(-40, 90),
    ),
    max_size=30,
)
KEPT: Final = st.sampled_from(((RELATION,), (ACCOUNT,), (RELATION, ACCOUNT)))


@given(STEPS, KEPT)
def test_ledger_and_open_charges_agree_whatever_is_charged_paid_and_settled(  # noqa: C901 -- one line a step
    steps: list[tuple[str, int]], kept: tuple[Any, ...]
) -> None:
    """To the cent, after every step; each payment moves the cash of its line, and levels what is payable."""
    books = Books(*kept)
    kinds = [it.kind for it in kept]
    drawn: list[int] = []
    owed: dict[str, int] = dict.fromkeys(kinds, 0)
    for step, n in [*steps, ("month", 0), ("draw", 0), *[("level", 0)] * 40]:
        at = Relation.kind if step == "charge" else IllAccount.kind
        if step in {"charge", "account"} and at in kinds and n and owed[at] + n >= 0:
            owed[at] += n
            books.charge(Money.of_minor(n, "CNY"), on=at)
        elif step == "owe" and n > 0:
            books.owe(Money.of_minor(n, "CNY"))
        elif step == "pay" and n > 0:
            pays = c.Pay if Relation.kind in kinds else ac.PayIn
            books.do(pays, amount=Money.of_minor(n, "CNY"))
        elif step == "prepay" and n > 0 and Relation.kind in kinds:
            books.do(c.PaySecurity, kind=SecurityKind.PREPAYMENT, amount=Money.of_minor(n, "CNY"))
        elif step == "month":
            books.month += 1
        elif step == "draw":
            for month in range(JANUARY, books.month):
                if Key("ill.settlement", f"s-{month}") not in books.aggregates:
                    drawn += [month] if books.sheet(month).dues else []
                    books.draw_up(month)
        elif step == "level" and drawn:
            month = drawn.pop(n % len(drawn))
            (due,) = books.aggregates[Key("ill.settlement", f"s-{month}")].dues  # type: ignore[attr-defined]
            change = books.level(month)
            cash = Account(AccountKind.CASH, CENTRE)
            assert balance(change.postings, cash, "CNY") == due.net
        books.check()
    payable = (each for each in books.postings if each.value_date < first_of(books.month))
    assert balance([*payable, *_settled(books)], Account(AccountKind.PAYABLE, MEMBER), "CNY") == cny(0)


def _settled(books: Books) -> list[Posting]:
    """What settlements paid in the month that is not over."""
    late = first_of(books.month)
    return [each for each in books.postings if each.value_date >= late and each.kind == "settlement"]


@pytest.mark.parametrize(
    ("amount", "set_off", "field"),
    [(0, 0, "amount"), (5, 6, "set_off"), (5, -1, "set_off"), (-5, 1, "set_off")],
)
def test_what_is_settled_is_something_and_set_off_is_a_part_of_it(
    amount: int, set_off: int, field: str
) -> None:
    """Bad input is refused."""
    at = datetime(2026, 2, 1, tzinfo=NETWORK.zone)
    said: Mapping[str, Any] = {"amount": cny(amount), "set_off": cny(set_off), "settlement": "s"}
    by = Actor("policy", CENTRE, Office.SYSTEM)
    with pytest.raises(InvalidValue, match=field):
        c.SettleDues(id="x", case=MEMBER, by=by, happened_at=at, recorded_at=at, **said)
