"""What a service in person asks for: partners, a full application, a desk, a card, a form, a window.

All of it is switched on by the rulebook, and off where the rule is empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from servflow.core.citations import Reason
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import commands as c
from servflow.core.ill.borrowing.guards import Case
from servflow.core.ill.borrowing.holding import told_ready
from servflow.core.ill.borrowing.outcomes import done
from servflow.core.lifecycle import Outcome

__all__ = [
    "at_his_desk",
    "card_and_form",
    "fully_cited",
    "not_over",
    "one_of_our_desks",
    "partners_only",
    "register",
    "registered",
    "set_pick_up",
    "signs",
    "within_term",
    "within_window",
]


def fully_cited(s: Case) -> Iterator[Reason]:
    """The application names all that the rules ask for; each part that is missing is named."""
    wanted = s.policy.required_citation.on(today(s))
    for part in wanted.value:
        if not getattr(s.it.requested, part.value).strip():
            yield Reason("ill.citation-lacks", wanted.clause, (("part", part.value),))


def partners_only(s: Case) -> Iterator[Reason]:
    """Only partners of the day are asked; everybody else is named."""
    partners = s.policy.partners.on(today(s))
    for supplier in dict.fromkeys(s.command.suppliers):
        if partners.value and supplier not in partners.value:
            yield Reason("ill.no-partner", partners.clause, (("supplier", supplier),))


def one_of_our_desks(s: Case) -> Iterator[Reason]:
    """One registers at one of the library's desks; where it has none, nobody registers."""
    desks = s.policy.desks.on(today(s))
    if s.command.desk not in desks.value:
        facts = (("desk", s.command.desk), ("desks", "\n".join(desks.value)))
        yield Reason("ill.no-such-desk", desks.clause, facts)


def card_and_form(s: Case) -> Iterator[Reason]:
    """Registering needs the card and the application form."""
    clause = s.policy.desks.on(today(s)).clause
    if not s.command.card_shown:
        yield Reason("ill.card-not-shown", clause)
    if not s.command.form.strip():
        yield Reason("ill.form-missing", clause)


def registered(s: Case) -> Iterator[Reason]:
    """The patron has registered in person, where the library has desks for that."""
    desks = s.policy.desks.on(today(s))
    if desks.value and s.it.desk is None:
        yield Reason("ill.not-registered", desks.clause)


def at_his_desk(s: Case) -> Iterator[Reason]:
    """Pick-up and return are at the desk of registration."""
    if s.it.desk is not None and s.command.desk != s.it.desk:
        clause = s.policy.desks.on(today(s)).clause
        yield Reason("ill.other-desk", clause, (("desk", s.it.desk),))


def signs(s: Case) -> Iterator[Reason]:
    """Who registered shows the card and signs the pick-up form."""
    clause = s.policy.desks.on(today(s)).clause
    if s.it.desk is not None and not s.command.card_shown:
        yield Reason("ill.card-not-shown", clause)
    if s.it.desk is not None and not s.command.signed.strip():
        yield Reason("ill.not-signed", clause)


def within_window(s: Case) -> Iterator[Reason]:
    """It is picked up while it may be; staff can tell another day."""
    until = s.it.pick_up_by
    if until is not None and s.it.checked_out_on is None and today(s) > until:
        yield Reason("ill.pick-up-over", None, (("until", until),))


def _last_day(s: Case) -> date | None:
    """The last day to pick it up that staff set, whether when it comes or later."""
    said: c.Receive | c.SetPickUp = s.command
    return said.pick_up_by if isinstance(said, c.Receive) else said.until


def not_over(s: Case) -> Iterator[Reason]:
    """The last day to pick it up has not passed when it is set."""
    until = _last_day(s)
    if until is not None and until < today(s):
        yield Reason("ill.pick-up-over", None, (("until", until),))


def within_term(s: Case) -> Iterator[Reason]:
    """The last day to pick it up is not after the lender's due date: nothing is lent after that."""
    until, due = _last_day(s), s.it.due
    if isinstance(s.command, c.Receive) and s.it.supplied is None:
        due = s.command.due  # it came unannounced, and the parcel says so
    if until is not None and due is not None and until > due:
        yield Reason("ill.pick-up-after-due", None, (("until", until), ("due", due)))


def register(s: Case) -> Outcome:
    """Where the patron registered, and on which form, is on record."""
    return done(s, replace(s.it, desk=s.command.desk, form=s.command.form))


def set_pick_up(s: Case) -> Outcome:
    """The patron hears until when he can pick it up."""
    it = replace(s.it, pick_up_by=s.command.until)
    return done(s, it, told=told_ready(it))
