"""A case that a centre routes (调度中心): it says which suppliers are asked, the library asks them.

The centre is asked when nobody is left in the rota, and its answer is the rota. Its staff and programs
may set one as well; this library's own may only where a rule leaves it to them. Once all whom it names
had been named before, it is not asked any more: the case is for staff.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from servflow.core.citations import Reason
from servflow.core.desk_rules import today
from servflow.core.ill.borrowing import messages
from servflow.core.ill.borrowing.guards import Case
from servflow.core.ill.borrowing.model import BorrowingCase
from servflow.core.ill.borrowing.ordering import wanted
from servflow.core.ill.borrowing.outcomes import done
from servflow.core.ill.borrowing.states import AttemptState, BorrowingRole
from servflow.core.ill.terms import attend
from servflow.core.lifecycle import Outcome, chooser

__all__ = [
    "ask_centre",
    "has_centre",
    "named_so_far",
    "names_somebody",
    "of_the_centre",
    "rota_not_taken",
    "rota_ours",
    "shown",
]


@chooser
def of_the_centre(s: Case) -> bool:
    """The centre that routes the case speaks, or staff for it; and it does not name the library itself."""
    centre = s.it.routed_by
    speaks = s.role is BorrowingRole.STAFF or s.command.by.serves == centre
    return centre is not None and speaks and s.policy.library not in s.command.suppliers


@chooser
def names_somebody(s: Case) -> bool:
    """Somebody is named to be asked."""
    return bool(s.command.suppliers)


def has_centre(s: Case) -> Iterator[Reason]:
    """A centre routes the case."""
    if s.it.routed_by is None:
        yield Reason("ill.no-centre")


def rota_ours(s: Case) -> Iterator[Reason]:
    """Whom to ask is the centre's, where one routes the case, unless our own staff may say it as well."""
    rule = s.policy.rota_delegated.on(today(s))
    ours = s.role in {BorrowingRole.STAFF, BorrowingRole.SYSTEM}
    if s.it.routed_by is not None and ours and not rule.value:
        yield Reason("ill.rota-is-the-centres", rule.clause, (("centre", s.it.routed_by),))


def shown(s: Case) -> Iterator[Reason]:
    """Our own staff say by what they know it: whom to ask is the centre's to say, and not theirs.

    Otherwise what they may not set by themselves they could enter as something heard.
    """
    if s.role is BorrowingRole.STAFF and not s.command.evidence.strip():
        yield Reason("ill.rota-evidence-missing")


def named_so_far(it: BorrowingCase) -> tuple[str, ...]:
    """Everybody who was asked, or was named and passed over because nobody can ask it; each once."""
    gone = (each for each in it.attempts if each.sent_at is not None or each.state is AttemptState.SKIPPED)
    return tuple(dict.fromkeys(each.supplier for each in gone))


def ask_centre(s: Case) -> Outcome:
    """The centre hears what is wanted, and who was asked before, or could not be."""
    asked = named_so_far(s.it)
    it = replace(s.it, centre_asked=True, named=len(asked))
    told = messages.tell_centre(it, messages.ROUTE, wanted(it, ("asked", "\n".join(asked))))
    return done(s, it, told=told)


def rota_not_taken(s: Case) -> Outcome:
    """Whom to ask was said by somebody else, too late, or of ourselves: staff see it, nobody is asked."""
    facts = (("sender", s.command.by.serves), ("suppliers", ", ".join(s.command.suppliers)))
    return done(s, attend(s.it, "rota-not-taken", *facts))
