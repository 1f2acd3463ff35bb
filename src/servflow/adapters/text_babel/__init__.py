"""Everything servflow says to a person, in zh_CN and in English.

The core speaks in codes and facts: a reason, a message, a step of a derivation. Here they become
sentences, letters and statements, by the catalogues in ``locale/<language>/LC_MESSAGES/servflow.po``.
These are read as they are, with Babel, when a language is first asked for: no ``.mo`` is compiled,
and nothing has to be built. Pure functions: no locale of the process, no environment, no clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime, tzinfo
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.adapters.text_babel._catalogue import LANGUAGES, catalogue
from servflow.adapters.text_babel._derivation import (
    ChargeTree,
    charge_lines,
    charge_tree,
    charge_tree_lines,
)
from servflow.adapters.text_babel._verdict import verdict_lines
from servflow.core.aftersales.warranty import Verdict
from servflow.core.changes import Command, Message
from servflow.core.citations import Plain, Reason
from servflow.core.errors import NotFound
from servflow.core.fees import Charge
from servflow.core.ill.borrowing import messages as borrowing
from servflow.core.ill.borrowing.charges import PAYABLE
from servflow.core.ill.lending import messages as lending
from servflow.core.ill.lending.model import SupplyTransaction
from servflow.core.ledger import Settlement
from servflow.core.money import Money, total
from servflow.core.ports import Party

__all__ = ["LANGUAGES", "BabelWording", "ChargeTree", "Texts"]

_READER: Final = "reader"  # the fact that names a reader to his library
_COST: Final = "cost."  # before a kind of charge: what was charged of it so far
_LINE: Final = "line."  # before a number: a line of a quote or a bill; its amount is ``line.1.amount``
_DUE: Final = "due."  # before a promise: when it is due now
_CLAUSES: Final = "clauses"  # the ids of the clauses that a letter rests on
_ASKS: Final = frozenset(
    {
        *(borrowing.REQUEST, borrowing.CANCEL, borrowing.RENEW, borrowing.STATUS_REQUEST),
        *(borrowing.LOST, borrowing.DEFECT, lending.OFFERED),
    }
)
"""Letters to another library that want an answer; one without a system answers by mail."""
_ABOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "request": "letter.about",
        "ticket": "letter.about-service",
        "complaint": "letter.about-complaint",
        "action": "letter.about-action",
        "finding": "letter.about-finding",
        "unit": "letter.about-unit",
        "technician": "letter.about-technician",
        "claim": "letter.about-claim",
        "account": "letter.about-deposit",
    }
)
"""What a letter is about, by the fact that names it; the first of these that a message carries."""
_CLOSINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"aftersales": "letter.closing-service", "deposits": "letter.closing-deposits"}
)
"""How a letter ends that no house signs, by what its kind begins with; all others as a loan desk's."""
_NAMED: Final = frozenset({"to", "body", "repairer", "party"})
"""Facts of a letter about a deposit that are references of parties: who is paid, tests, repairs or asks."""
_NO_FACTS: Final[Mapping[str, Plain]] = MappingProxyType({})


class Texts:
    """Everything in one language.

    >>> Texts("en").money(Money("22.50", "CNY"))
    'CNY 22.50'

    A code that the catalogue does not have comes out as itself with its facts; nothing here fails
    because of what it is to say.

    Raises:
        InvalidValue: ``language`` is none of ``LANGUAGES``.
    """

    def __init__(self, language: str) -> None:
        self._words = catalogue(language)

    @property
    def language(self) -> str:
        """Which language it is."""
        return self._words.language

    def text(self, code: str, facts: Mapping[str, Plain] = _NO_FACTS) -> str:
        """The catalogue's text of that code, filled with the facts."""
        return self._words.text(code, facts)

    def name(self, space: str, code: str) -> str:
        """The name of a value among its like: ``name("material", "rare_book")``; itself if it has none."""
        return self._words.name(space, code)

    def state(self, kind: str, state: Enum) -> str:
        """The name of a state of an aggregate of that kind (``ill.supply``)."""
        return self.name(f"state.{kind}", state.value)

    def command(self, command: type[Command]) -> str:
        """What is said with a command, as an order."""
        return self.name("command", command.__name__)

    def charge_kind(self, kind: str) -> str:
        """The name of what something is owed, or was paid in, for: the kind of a charge or a posting.

        What a borrowing library owes a lender (``payable-loan-fee-1``) is named as what the lender
        charged for.
        """
        charged, _, attempt = kind.removeprefix(PAYABLE).rpartition("-")
        if kind.startswith(PAYABLE) and attempt.isdecimal():
            return self.text("charge.payable", {"kind": charged})
        return self.name("charge", kind)

    def money(self, money: Money) -> str:
        """An amount with its currency and every decimal that the currency has."""
        return self._words.money(money)

    def day(self, day: date) -> str:
        """A legal day."""
        return self._words.day(day)

    def instant(self, at: datetime, zone: tzinfo) -> str:
        """An instant to the minute, in ``zone``, with its offset.

        Raises:
            InvalidValue: ``at`` is naive.
        """
        return self._words.instant(at, zone)

    def reason(self, reason: Reason) -> str:
        """Why: one sentence, with the clause it rests on behind it."""
        text = self._words.sentence(f"reason.{reason.code}", dict(reason.facts))
        return self._words.cited(text, reason.clause)

    def letter(
        self,
        message: Message,
        to: Party,
        *,
        house: str = "",
        address: str = "",
        reader: Party | None = None,
    ) -> tuple[str, str]:
        """The subject (one line) and the body of a whole letter to ``to``, whatever his own language.

        The body has the salutation, what the letter is about, what it says, the clauses that it rests on,
        the lines of a quote or a bill, what is due when, what was charged so far by kind, the reasons with
        their clauses, and the lender's mark for replies, as far as the message carries them. Where another
        library is asked something, it says how to answer. It is signed by ``house`` with its postal
        ``address``, without a house by the desk of its domain. ``reader`` is whom it is about, where the
        addressee has to be told who he is.
        """
        facts = dict(message.facts)
        code, domain = f"message.{message.kind}", message.kind.partition(".")[0]
        subject = self._words.text(f"{code}.subject", facts)
        parts = (
            self._words.text("letter.salutation", {"name": to.name or to.ref}),
            next((self._words.text(about, facts) for name, about in _ABOUT.items() if name in facts), ""),
            self._words.text(f"{code}.body", facts),
            self._clauses(facts),
            ""
            if reader is None
            else self.text("letter.reader", {"name": reader.name, "email": reader.email}),
            self._words.text("letter.answer", facts) if message.kind in _ASKS else "",
            "\n".join(self._lines(facts)),
            "\n".join(self._due(facts)),
            "\n".join(self._costs(facts)),
            "\n".join(self._notes(message.reasons)),
            self._words.text("letter.mark", facts) if "mark" in facts else "",
            self.text("letter.closing-of", {"house": house, "address": address})
            if house
            else self.text(_CLOSINGS.get(domain, "letter.closing")),
        )
        return subject, "\n\n".join(filter(None, parts)) + "\n"

    def _clauses(self, facts: Mapping[str, Plain]) -> str:
        """The clauses that a letter rests on, where it names them."""
        if _CLAUSES not in facts:
            return ""
        named = [self.name("clause", each) for each in str(facts[_CLAUSES]).split(", ")]
        return self.text("letter.clauses", {_CLAUSES: self._words.listed(named)})

    def _lines(self, facts: Mapping[str, Plain]) -> Iterator[str]:
        """The lines of a quote or a bill, each with its amount."""
        items = [name for name in facts if name.startswith(_LINE) and f"{name}.amount" in facts]
        if items:
            yield self.text("letter.lines")
        for name in items:
            yield self.text("letter.line", {"item": facts[name], "amount": facts[f"{name}.amount"]})

    def _due(self, facts: Mapping[str, Plain]) -> Iterator[str]:
        """What was promised, and when it is due now."""
        promised = [(name.removeprefix(_DUE), at) for name, at in facts.items() if name.startswith(_DUE)]
        if promised:
            yield self.text("letter.due")
        for what, at in promised:
            yield self.text("letter.promise", {"what": what, "at": at})

    def _costs(self, facts: Mapping[str, Plain]) -> Iterator[str]:
        costs = [
            (name.removeprefix(_COST), amount) for name, amount in facts.items() if name.startswith(_COST)
        ]
        if costs:
            yield self.text("letter.costs")
        for kind, amount in costs:
            yield self.text("letter.cost", {"kind": kind, "amount": amount})

    def _notes(self, reasons: tuple[Reason, ...]) -> Iterator[str]:
        if reasons:
            yield self.text("letter.notes")
        for reason in reasons:
            yield f"- {self.reason(reason)}"

    def charge_lines(self, charge: Charge) -> list[str]:
        """How a charge came about, as indented lines; the first one ends in the amount.

        ``2 volumes × 5 days × CNY 5.00 = CNY 50.00 [NLC-12]``, and below it which days these are.
        """
        return charge_lines(self._words, charge)

    def charge_tree(self, charge: Charge) -> ChargeTree:
        """The same lines as a tree of plain values: text, value, clause and the parts it stands on."""
        return charge_tree(self._words, charge)

    def charge_tree_lines(self, charge: Charge) -> list[str]:
        """The same lines for a terminal, with the tree drawn before them."""
        return charge_tree_lines(self._words, charge)

    def verdict_lines(self, verdict: Verdict) -> list[str]:
        """What parts, labour and travel come to, who bears it, and why, each with its clauses."""
        return verdict_lines(self._words, verdict)

    def statement(
        self,
        loan: SupplyTransaction,
        owed: Iterable[tuple[str, Charge]],
        settlement: Settlement | None,
        *,
        on: date | None = None,
    ) -> str:
        """What is owed for a loan, charge by charge and clause by clause, and what has become of it.

        ``owed`` are its charges by kind as they are on ``on`` (included); ``settlement`` is what has
        been posted of them and paid so far, None if nothing was. What is owed and not posted yet is
        named as such, and so is what was posted and is no longer owed (below 0).

        Raises:
            CurrencyMismatch: not all of it is in one currency.
        """
        owed = tuple(owed)
        paragraphs = ["\n".join(self._heading(loan, on))]
        for kind, charge in owed:
            lines = (f"  {line}" for line in self.charge_lines(charge))
            name = self.charge_kind(kind)
            paragraphs.append("\n".join((name[:1].upper() + name[1:], *lines)))
        paragraphs.append("\n".join(self._totals([charge.money for _, charge in owed], settlement)))
        return "\n\n".join(paragraphs) + "\n"

    def _heading(self, loan: SupplyTransaction, on: date | None) -> Iterator[str]:
        facts = {"request": loan.request_id, "title": loan.requested.title, "requester": loan.requester}
        yield self.text("statement.heading", facts)
        if loan.shipped_on is not None and loan.due is not None:
            shipped: dict[str, Plain] = {"volumes": len(loan.items), "on": loan.shipped_on, "due": loan.due}
            yield self.text("statement.shipped", shipped)
        for day in sorted(set(loan.returned.values())):
            volumes = sum(day == returned for returned in loan.returned.values())
            yield self.text("statement.returned", {"volumes": volumes, "on": day})
        if loan.still_out:
            yield self.text("statement.still-out", {"volumes": len(loan.still_out)})
        if on is not None:
            yield self.text("statement.on", {"on": on})

    def _totals(self, amounts: list[Money], settled: Settlement | None) -> Iterator[str]:
        known = [*amounts, *([settled.charged] if settled else [])]
        if not known:
            yield self.text("statement.nothing")
            return
        owed = total(amounts, known[0].currency)
        yield self.text("statement.owed", {"amount": owed})
        if settled is None:
            return
        yield self.text("statement.charged", {"amount": settled.charged})
        if pending := owed - settled.charged:
            yield self.text("statement.pending", {"amount": pending})
        yield self.text("statement.paid", {"amount": settled.paid})
        if settled.waived:
            yield self.text("statement.waived", {"amount": settled.waived})
        yield self.text("statement.outstanding", {"amount": settled.outstanding})
        if settled.credited:
            yield self.text("statement.credited", {"amount": settled.credited})


class BabelWording:
    """The ``Wording`` port: every letter in the language of whom it is for, signed by ``house``.

    ``address`` is where ``house`` is written to by post, in one line; it stands below its name.
    ``parties`` says who a reference is, as the host knows him now (``Facts.party``). A letter about a reader
    to his library then has his name and address, and one about a deposit the name of who is paid, tests,
    repairs or asks, which no message and no journal holds. Without it, and for whom the host does not know
    any more, there is the reference only.
    """

    def __init__(
        self, house: str = "", *, address: str = "", parties: Callable[[str], Party] | None = None
    ) -> None:
        self._house = house
        self._address = address
        self._parties = parties

    def letter(self, message: Message, to: Party) -> tuple[str, str]:
        """The subject (one line) and the body of a letter to ``to``, in his language.

        Raises:
            InvalidValue: his language is none of ``LANGUAGES``.
        """
        return Texts(to.language).letter(
            self._with_names(message),
            to,
            house=self._house,
            address=self._address,
            reader=self._known(dict(message.facts).get(_READER)),
        )

    def _with_names(self, message: Message) -> Message:
        """The message with the names of the parties that it speaks of, where they are known."""
        if not message.kind.startswith("deposits."):
            return message
        facts = ((name, self._name(value) if name in _NAMED else value) for name, value in message.facts)
        return replace(message, facts=tuple(facts))

    def _name(self, ref: Plain) -> Plain:
        party = self._known(ref)
        return ref if party is None or not party.name else party.name

    def _known(self, ref: Plain | None) -> Party | None:
        if self._parties is None or not isinstance(ref, str):
            return None
        try:
            return self._parties(ref)
        except NotFound:
            return None
