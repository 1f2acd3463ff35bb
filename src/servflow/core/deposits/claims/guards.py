"""Named conditions of claims: each yields a reason for everything it refuses.

Every reason cites the clause of the rulebook's value that it rests on. All guards of a row are asked, also
where there is no account: those that look at it have nothing to say then.

The file is long because every condition of the table is here, in the order in which a claim meets them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

from servflow.core.changes import Actor, Office
from servflow.core.citations import Cited, Clause, Reason
from servflow.core.deposits.accounts.model import DepositAccount, account_key
from servflow.core.deposits.accounts.states import AccountState
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims.model import Applicant, DepositClaim
from servflow.core.deposits.claims.states import ClaimDeadline, ClaimRole, ClaimState, DeveloperSays
from servflow.core.deposits.policy import Claimants, DepositPolicy
from servflow.core.deposits.words import NoticeSince, PartKind, Payee
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Situation, chooser
from servflow.core.money import Money, total

__all__ = [
    "Opening",
    "Said",
    "account_pays",
    "account_there",
    "budget_approved_first",
    "budget_there",
    "cause_known",
    "cause_not_excluded",
    "checked_first",
    "costs_there",
    "days_past",
    "deadline_there",
    "emergency",
    "evidence_kept",
    "filed_by_him",
    "ground_known",
    "in_currency",
    "in_full",
    "in_order",
    "in_warranty",
    "independent",
    "is_applicant",
    "is_emergency",
    "last_days",
    "last_for_paying",
    "last_signature",
    "liability_clear",
    "liable",
    "may_file",
    "not_excluded",
    "not_performed",
    "not_reimbursement",
    "not_signed_by_him",
    "nothing_left",
    "on_the_list",
    "others_signed",
    "part_known",
    "party_of",
    "payee_taken",
    "pays_first",
    "qualified",
    "reimbursement_only",
    "repairer_taken",
    "replaceable",
    "signed_first",
    "speaks_in_role",
    "within_account",
    "within_budget",
    "within_list",
]

Opening = Situation[None, Any, DepositPolicy, Any]
Said = Situation[DepositClaim, Any, DepositPolicy, Any]

_DAY: Final = timedelta(days=1)
_KEPT: Final = frozenset({AccountState.HELD, AccountState.PARTLY_RELEASED})
_NAMED: Final = {
    ClaimRole.PROPERTY_MANAGER.value: "property_manager",
    ClaimRole.COMMITTEE.value: "committee",
    ClaimRole.REPRESENTATIVE.value: "representative",
}
"""By a claimant's role, where the building names him; an owner is known to the host alone."""
_PERSONS: Final = frozenset({ClaimRole.OWNER.value, ClaimRole.REPRESENTATIVE.value})
"""In which roles a person asks for himself; in all others, a house by its staff."""
_UNWILLING: Final = frozenset({DeveloperSays.REFUSES, DeveloperSays.CANNOT})


def party_of(actor: Actor) -> str:
    """Who applies where ``actor`` speaks: staff speak for their house, everybody else for himself."""
    return actor.serves if actor.office is Office.STAFF else actor.party


def is_applicant(each: Applicant, actor: Actor) -> bool:
    """Whether ``actor`` speaks for that applicant: a person himself, a house by any of its staff."""
    if each.role in _PERSONS:
        return actor.office is Office.PERSON and actor.party == each.party
    return actor.office is Office.STAFF and actor.serves == each.party


def _account(s: Situation[Any, Any, DepositPolicy, Any]) -> DepositAccount | None:
    it = s.others.get(account_key(s.command.account if s.it is None else s.it.account))
    return it if isinstance(it, DepositAccount) else None


# --- who asks ---------------------------------------------------------------------------------------


def account_there(s: Opening) -> Iterator[Reason]:
    """The building has an account, of this authority."""
    it = _account(s)
    if it is None or it.authority != s.policy.authority:
        clause = s.policy.grounds_of_use.on(today(s)).clause
        yield Reason("deposits.no-account", clause, (("account", s.command.account),))


def speaks_in_role(s: Opening) -> Iterator[Reason]:
    """Who speaks does so in the role in which he asks, and is whom the building names for it."""
    role = s.command.role
    if s.role.value != role or not _is_named(_account(s), role, party_of(s.command.by)):
        clause = s.policy.claimants.on(today(s)).clause
        yield Reason("deposits.not-in-that-role", clause, (("role", role),))


def _is_named(it: DepositAccount | None, role: str, party: str) -> bool:
    if it is None or role == ClaimRole.OWNER.value:
        return bool(party)
    named = getattr(it.building, _NAMED[role]) if role in _NAMED else it.authority
    return bool(named) and named == party


def others_signed(s: Opening) -> Iterator[Reason]:
    """Of each who asks with him there is what he signed; each is whom the building names, and asks once."""
    clause = s.policy.claimants.on(today(s)).clause
    ask = [party_of(s.command.by), *(each.party for each in s.command.together_with)]
    for number, each in enumerate(s.command.together_with, 1):
        if each.party in ask[:number]:
            yield Reason("deposits.asks-already", clause, (("party", each.party),))
        if not each.signed.strip():
            yield Reason("deposits.no-signature", clause, (("role", each.role),))
        if not _is_named(_account(s), each.role, each.party):
            yield Reason("deposits.not-named", clause, (("role", each.role), ("party", each.party)))


def may_file(s: Opening) -> Iterator[Reason]:
    """Those ask who may for such a part: one of them, or where the rulebook says so all together (SD-12)."""
    it = _account(s)
    if it is None:
        return
    common = s.policy.common_parts.on(today(s))
    if s.command.parts is PartKind.PRIVATE and s.command.part in common.value:
        yield Reason("deposits.part-is-common", common.clause, (("part", s.command.part),))
    rule = s.policy.claimants.on(today(s))
    committee = bool(it.building.committee)
    lines = [
        each for each in rule.value if each.parts is s.command.parts and each.committee in {None, committee}
    ]
    ask = {s.command.role, *(each.role for each in s.command.together_with)}
    if any(_may(line, ask) for line in lines):
        return
    joint = [line for line in lines if line.jointly and s.command.role in line.by]
    if joint:
        missing = ", ".join(role for role in joint[0].by if role not in ask)
        facts = (("role", s.command.role), ("missing", missing), ("asked", ", ".join(joint[0].by)))
        yield Reason("deposits.not-together", rule.clause, facts)
    else:
        any_of = ", ".join(role for line in lines if not line.jointly for role in line.by)
        all_of = "; ".join(", ".join(line.by) for line in lines if line.jointly)
        may = (("may", any_of),) if any_of else ()
        together = (("together", all_of),) if all_of else ()
        who = (("role", s.command.role), ("parts", s.command.parts.value))
        yield Reason("deposits.may-not-ask", rule.clause, (*who, *may, *together))


def _may(line: Claimants, ask: set[str]) -> bool:
    return ask == set(line.by) if line.jointly else ask <= set(line.by)


def filed_by_him(s: Said) -> Iterator[Reason]:
    """Of several applicants, the one who filed it speaks for all."""
    filer = s.it.applicants[0]
    if not is_applicant(filer, s.command.by):
        clause = s.policy.claimants.on(today(s)).clause
        yield Reason("deposits.filed-by-another", clause, (("role", filer.role), ("party", filer.party)))


def replaceable(s: Situation[DepositClaim, c.ReplaceApplicant, DepositPolicy, Any]) -> Iterator[Reason]:
    """The one asks; the other is whom the building names in his role, and does not ask already."""
    said, clause = s.command, s.policy.claimants.on(today(s)).clause
    ask = {each.party: each.role for each in s.it.applicants}
    role = ask.get(said.replaced)
    if role is None:
        yield Reason("deposits.does-not-ask", clause, (("party", said.replaced),))
    elif not _is_named(_account(s), role, said.party):
        yield Reason("deposits.not-named", clause, (("role", role), ("party", said.party)))
    if said.party in ask:
        yield Reason("deposits.asks-already", clause, (("party", said.party),))


# --- what is asked ----------------------------------------------------------------------------------


def part_known(s: Opening) -> Iterator[Reason]:
    """The building has such a part."""
    it = _account(s)
    if it is not None and s.command.part not in it.parts:
        clause = s.policy.warranties.on(today(s)).clause
        yield Reason("deposits.part-unknown", clause, (("part", s.command.part),))


def days_past(s: Opening) -> Iterator[Reason]:
    """It was reported, and repaired, on days that have come."""
    said: c.Filing = s.command
    if said.reported_on > today(s):
        yield Reason("deposits.day-to-come", None, (("day", said.reported_on), ("today", today(s))))
    if isinstance(said, c.FileEmergencyClaim) and said.repaired_on > today(s):
        yield Reason("deposits.day-to-come", None, (("day", said.repaired_on), ("today", today(s))))


def in_order(s: Situation[Any, Any, DepositPolicy, Any]) -> Iterator[Reason]:
    """No step happens before the one it stands on.

    An emergency is not repaired before it was reported, or before the building was handed over.
    """
    if s.it is None:
        it, day, before = _account(s), s.command.repaired_on, s.command.reported_on
        if it is not None and it.handed_over_on is not None:
            before = max(before, it.handed_over_on)
    else:
        day, before = today(s), s.it.last_on
    if day < before:
        yield Reason("deposits.before-the-step-before", None, (("day", day), ("before", before)))


def in_warranty(s: Opening) -> Iterator[Reason]:
    """The part was under warranty on the day on which the defect was reported (SD-10).

    From the day of handover on, up to and including the last day of the part's warranty.
    """
    it = _account(s)
    if it is None:
        return
    said, clause = s.command, s.policy.warranties.on(today(s)).clause
    since = it.handed_over_on
    if since is None:
        yield Reason("deposits.not-handed-over", clause, (("account", it.id),))
        return
    if said.reported_on < since:
        early = (("reported_on", said.reported_on), ("since", since))
        yield Reason("deposits.before-handover", clause, early)
    part = it.parts.get(said.part)
    if part is not None and part.until is not None and said.reported_on >= part.until:
        late = (("part", said.part), ("reported_on", said.reported_on), ("last", part.until - _DAY))
        yield Reason("deposits.out-of-warranty", clause, late)


def not_excluded(s: Opening) -> Iterator[Reason]:
    """What caused it is nothing that no warranty covers (SD-11)."""
    rule = s.policy.exclusions.on(today(s))
    if s.command.cause in rule.value:
        yield Reason("deposits.cause-excluded", rule.clause, (("cause", s.command.cause),))


def ground_known(s: Opening) -> Iterator[Reason]:
    """It is for a ground on which the deposit may be used (SD-9)."""
    rule = s.policy.grounds_of_use.on(today(s))
    if s.command.ground not in rule.value:
        facts = (("ground", s.command.ground), ("known", ", ".join(rule.value)))
        yield Reason("deposits.use-ground-unknown", rule.clause, facts)


def account_pays(s: Opening) -> Iterator[Reason]:
    """The account holds something for repairs, and the part's share was not given back.

    Of a building for which no deposit was asked, none can be used (SD-2).
    """
    it = _account(s)
    if it is None:
        return
    if it.state is AccountState.EXEMPT or not it.target:
        yield Reason("deposits.exempt", _exempting(it), (("account", it.id),))
        return
    part = it.parts.get(s.command.part)
    if part is not None and part.released_on is not None:
        given_back = (("part", s.command.part), ("on", part.released_on))
        yield Reason("deposits.part-released", s.policy.release_days.on(today(s)).clause, given_back)
    if it.state not in _KEPT or not it.balance:
        facts = (("account", it.id), ("state", it.state.value))
        yield Reason("deposits.nothing-held", s.policy.payees.on(today(s)).clause, facts)


def _exempting(it: DepositAccount) -> Clause | None:
    """The clause by which nothing comes out: of the innermost step that says so, as the derivation has it."""
    steps = (step for _, step in it.assessment.charge.lines())
    return next((step.clause for step in steps if step.clause is not None and not step.exact), None)


# --- emergencies ------------------------------------------------------------------------------------


def is_emergency(s: Opening) -> Iterator[Reason]:
    """It was an emergency by the rulebook's words (SD-16)."""
    rule = s.policy.emergencies.on(today(s))
    if s.command.emergency not in rule.value:
        facts = (("emergency", s.command.emergency), ("known", ", ".join(rule.value)))
        yield Reason("deposits.no-emergency", rule.clause, facts)


def pays_first(s: Opening) -> Iterator[Reason]:
    """All who ask are of those who may pay first and be reimbursed, whosever the part is (SD-16)."""
    rule = s.policy.emergency_claimants.on(today(s))
    for role in (s.command.role, *(each.role for each in s.command.together_with)):
        if role not in rule.value:
            facts = (("role", role), ("may", ", ".join(rule.value)))
            yield Reason("deposits.may-not-pay-first", rule.clause, facts)


def evidence_kept(s: Opening) -> Iterator[Reason]:
    """There is evidence of the emergency and its repair (SD-16)."""
    if not s.command.evidence:
        yield Reason("deposits.no-evidence", s.policy.emergencies.on(today(s)).clause)


@chooser
def emergency(s: Said) -> bool:
    """It was repaired before it was asked for."""
    return bool(s.it.emergency)


def liability_clear(s: Said) -> Iterator[Reason]:
    """The developer said that he does not perform, or cannot; or a test found him liable (SD-16).

    That he does not answer makes nothing clear: then a test is ordered.
    """
    if s.it.developer_says not in _UNWILLING and not s.it.found_liable:
        yield Reason("deposits.liability-not-clear", s.policy.emergencies.on(today(s)).clause)


def not_reimbursement(s: Said) -> Iterator[Reason]:
    """What is repaired already, nobody can repair any more."""
    if s.it.emergency:
        yield Reason("deposits.repaired-already", s.policy.emergencies.on(today(s)).clause)


def reimbursement_only(s: Said) -> Iterator[Reason]:
    """Nobody but the applicants waits for the money: a repairer's work has to be paid."""
    if not s.it.emergency:
        facts = (("repairer", s.it.repairer),)
        yield Reason("deposits.repairer-waits", s.policy.payees.on(today(s)).clause, facts)


# --- whose business it is ---------------------------------------------------------------------------


def checked_first(s: Said) -> Iterator[Reason]:
    """The developer was heard, in a check or by his dispute, and no test is open (SD-13, SD-15).

    Where the rulebook does not ask for that, a test which the authority ordered is enough. A claim that was
    neither checked nor tested, or whose test is open, is never approved: then the table says so, not a
    clause.
    """
    day = s.it.filed_on
    if s.it.state is ClaimState.DISPUTED:
        clause = _said_by(s.policy.disputes_tested.on(day))
        yield Reason("deposits.test-open", clause, (("body", s.it.tests[-1].body),))
    elif s.it.developer_says is None and not s.it.disputed:
        heard = s.policy.developer_heard.on(day)
        if heard.value or s.it.state is ClaimState.FILED:
            facts = (("developer", s.it.developer),)
            yield Reason("deposits.developer-not-heard", _said_by(heard), facts)


def _said_by(rule: Cited[bool]) -> Clause | None:
    """The clause of a rule, where it holds."""
    return rule.clause if rule.value else None


def independent(s: Said) -> Iterator[Reason]:
    """Who tests it has no part in it: neither the developer, nor who asks (SD-15)."""
    if s.command.body in {s.it.developer, *(each.party for each in s.it.applicants)}:
        clause = s.policy.disputes_tested.on(s.it.filed_on).clause
        yield Reason("deposits.not-independent", clause, (("body", s.command.body),))


def cause_known(s: Said) -> Iterator[Reason]:
    """The cause that a test found is said only where it is one that no warranty covers, in its words."""
    rule = s.policy.exclusions.on(s.it.filed_on)
    if s.command.cause and s.command.cause not in rule.value:
        facts = (("cause", s.command.cause), ("known", ", ".join(rule.value)))
        yield Reason("deposits.cause-unknown", rule.clause, facts)


def cause_not_excluded(s: Said) -> Iterator[Reason]:
    """The last test found no cause that no warranty covers (SD-11)."""
    rule = s.policy.exclusions.on(s.it.filed_on)
    found = s.it.finding
    if found is not None and found.cause in rule.value:
        facts = (("cause", found.cause), ("report", found.report))
        yield Reason("deposits.cause-found-excluded", rule.clause, facts)


def liable(s: Said) -> Iterator[Reason]:
    """The last test, if there was one and what it finds binds, found the developer liable (SD-15)."""
    rule = s.policy.disputes_tested.on(s.it.filed_on)
    found = s.it.finding
    if rule.value and found is not None and not found.liable:
        yield Reason("deposits.not-liable", rule.clause, (("report", found.report),))


def not_performed(s: Said) -> Iterator[Reason]:
    """The developer did not say, as the last that he said, that he repairs it (SD-9)."""
    if s.it.developer_says is DeveloperSays.WILL_REPAIR:
        clause = s.policy.grounds_of_use.on(s.it.filed_on).clause
        yield Reason("deposits.developer-repairs", clause, (("developer", s.it.developer),))


# --- the repair -------------------------------------------------------------------------------------


def repairer_taken(s: Said) -> Iterator[Reason]:
    """The repairer is of a kind that may be assigned; a property manager, the building's own (SD-34).

    Never the developer: what he repairs is his duty, and not paid from the deposit.
    """
    rule, said = s.policy.repairers.on(today(s)), s.command
    if said.repairer == s.it.developer:
        yield Reason("deposits.repairer-is-developer", rule.clause, (("repairer", said.repairer),))
    if said.kind not in rule.value:
        facts = (("kind", said.kind), ("known", ", ".join(rule.value)))
        yield Reason("deposits.repairer-not-taken", rule.clause, facts)
    elif said.kind == ClaimRole.PROPERTY_MANAGER.value and not _is_named(
        _account(s), said.kind, said.repairer
    ):
        yield Reason("deposits.not-the-manager", rule.clause, (("repairer", said.repairer),))


def qualified(s: Said) -> Iterator[Reason]:
    """Who needs a qualification has one (施工资格; SD-34)."""
    rule = s.policy.qualified_repairers.on(today(s))
    if s.command.kind in rule.value and not s.command.qualification:
        facts = (("repairer", s.command.repairer), ("kind", s.command.kind))
        yield Reason("deposits.repairer-not-qualified", rule.clause, facts)


def budget_there(s: Said) -> Iterator[Reason]:
    """Plan and budget were handed in (SD-34)."""
    if s.it.budget is None:
        clause = s.policy.repairers.on(today(s)).clause
        yield Reason("deposits.no-budget", clause, (("repairer", s.it.repairer),))


def budget_approved_first(s: Said) -> Iterator[Reason]:
    """Refused: work starts after plan and budget are approved (SD-34)."""
    clause = s.policy.repairers.on(today(s)).clause
    yield Reason("deposits.budget-not-approved", clause, (("state", s.it.state.value),))


def _amounts(command: Any) -> tuple[Money, ...]:
    """What the command says of money: its lines, or its amount."""
    lines = getattr(command, "lines", None)
    return (command.amount,) if lines is None else tuple(line.amount for line in lines)


def _ours(s: Situation[Any, Any, DepositPolicy, Any]) -> bool:
    """Whether all amounts are in the currency of the deposit: others cannot be compared."""
    return all(amount.currency == s.policy.currency for amount in _amounts(s.command))


def in_currency(s: Situation[Any, Any, DepositPolicy, Any]) -> Iterator[Reason]:
    """All amounts are in the currency of the deposit."""
    if not _ours(s):
        yield Reason("deposits.wrong-currency", None, (("currency", s.policy.currency),))


def within_budget(s: Said) -> Iterator[Reason]:
    """The costs are no more than was approved: the budget, or what an emergency's list came to (SD-34)."""
    it = _account(s)
    assert it is not None
    approved = it.claims[s.it.id].budget
    assert approved is not None
    if not _ours(s):
        return
    costs = total(_amounts(s.command), s.policy.currency)
    if costs > approved:
        facts = (("costs", costs), ("approved", approved))
        yield Reason("deposits.above-budget", s.policy.repairers.on(today(s)).clause, facts)


# --- the money --------------------------------------------------------------------------------------


def _unsigned(it: DepositClaim) -> list[Applicant]:
    return [each for each in it.applicants if each.party not in it.signed_by]


@chooser
def last_signature(s: Said) -> bool:
    """With this signature all applicants have signed, or where one signs for all, one of them."""
    all_sign = s.policy.cost_list_signed.on(today(s)).value
    return not all_sign or {each.party for each in _unsigned(s.it)} <= {party_of(s.command.by)}


def costs_there(s: Said) -> Iterator[Reason]:
    """There is a cost list to be signed (SD-13)."""
    if s.it.costs is None:
        yield Reason("deposits.no-cost-list", s.policy.cost_list_signed.on(today(s)).clause)


def not_signed_by_him(s: Said) -> Iterator[Reason]:
    """Each signs once."""
    party = party_of(s.command.by)
    if party in s.it.signed_by:
        clause = s.policy.cost_list_signed.on(today(s)).clause
        yield Reason("deposits.signed-before", clause, (("party", party),))


def signed_first(s: Said) -> Iterator[Reason]:
    """Refused: nothing is paid before the applicants have signed the cost list (SD-13)."""
    missing = ", ".join(each.role for each in _unsigned(s.it))
    clause = s.policy.cost_list_signed.on(today(s)).clause
    yield Reason("deposits.cost-list-not-signed", clause, (("missing", missing),))


def payee_taken(s: Said) -> Iterator[Reason]:
    """The rulebook lets it be paid to such a one, and there is one (SD-14)."""
    rule, payee = s.policy.payees.on(today(s)), s.command.payee
    if payee not in rule.value:
        known = ", ".join(each.value for each in rule.value)
        facts = (("payee", payee.value), ("known", known))
        yield Reason("deposits.payee-not-taken", rule.clause, facts)
    elif payee is Payee.REPAIRER and not s.it.repairer:
        yield Reason("deposits.no-repairer", rule.clause)


def within_list(s: Said) -> Iterator[Reason]:
    """No more is paid than the cost list says (SD-14)."""
    assert s.it.costs is not None
    if _ours(s) and s.command.amount > s.it.costs.total:
        facts = (("amount", s.command.amount), ("listed", s.it.costs.total))
        yield Reason("deposits.above-cost-list", s.policy.payees.on(today(s)).clause, facts)


def within_account(s: Said) -> Iterator[Reason]:
    """No more is paid than the account holds (SD-14)."""
    it = _account(s)
    assert it is not None
    if _ours(s) and s.command.amount > it.balance:
        facts = (("amount", s.command.amount), ("held", it.balance))
        yield Reason("deposits.above-balance", s.policy.payees.on(today(s)).clause, facts)


def in_full(s: Said) -> Iterator[Reason]:
    """No less is paid than was listed, or than the account holds where that is less (SD-14)."""
    it = _account(s)
    assert it is not None
    assert s.it.costs is not None
    expected = min(s.it.costs.total, it.balance)
    if _ours(s) and s.command.amount < expected:
        facts = (("amount", s.command.amount), ("expected", expected))
        yield Reason("deposits.not-in-full", s.policy.payees.on(today(s)).clause, facts)


def nothing_left(s: Said) -> Iterator[Reason]:
    """The account holds nothing: else what was signed is paid, as far as the deposit goes (SD-14)."""
    it = _account(s)
    assert it is not None
    if it.balance:
        clause = s.policy.payees.on(today(s)).clause
        yield Reason("deposits.deposit-not-used-up", clause, (("held", it.balance),))


# --- deadlines --------------------------------------------------------------------------------------


def last_for_paying(signed: date, policy: DepositPolicy) -> Cited[date]:
    """By which day a list that was signed on that day is paid, that day included (SD-14)."""
    days = policy.pay_out_days.on(signed)
    return Cited(signed + days.value * _DAY, days.clause)


def last_days(it: DepositClaim, policy: DepositPolicy) -> Iterator[tuple[ClaimDeadline, date, Clause]]:
    """What has still to be done by which day, that day included, and by what clause (SD-14, SD-17).

    The rule that holds on the day from which the days count says how many they are.
    """
    signed = None if it.costs is None else it.costs.signed_on
    paid = None if it.paid is None else it.paid.on
    if it.state is ClaimState.COST_LISTED:
        assert signed is not None
        last = last_for_paying(signed, policy)
        yield ClaimDeadline.PAY_OUT, last.value, last.clause
    if it.state in {ClaimState.COST_LISTED, ClaimState.PAID}:
        assert signed is not None
        listed = policy.use_notice_since.on(signed).value is NoticeSince.COST_LISTED
        since = signed if listed else paid
        if since is not None:
            days = policy.use_notice_days.on(since)
            yield ClaimDeadline.NOTIFY_USE, since + days.value * _DAY, days.clause


def deadline_there(s: Situation[DepositClaim, c.RemindDeadline, DepositPolicy, Any]) -> Iterator[Reason]:
    """Its last day has come, and nobody was reminded of it yet."""
    asked = s.command.deadline
    for deadline, last, clause in last_days(s.it, s.policy):
        if deadline is asked:
            if today(s) < last:
                yield Reason("deposits.deadline-not-come", clause, (("last", last),))
            if asked.value in s.it.reminded:
                yield Reason("deposits.deadline-told", clause, (("last", last),))
            return
    yield Reason("deposits.no-deadline", None, (("deadline", asked.value),))


def on_the_list(s: Situation[DepositClaim, c.SeeToClaim, DepositPolicy, Any]) -> Iterator[Reason]:
    """There is something of that code to see to."""
    if s.command.code not in {reason.code for reason in s.it.attention}:
        yield Reason("deposits.not-on-the-list", None, (("code", s.command.code),))
