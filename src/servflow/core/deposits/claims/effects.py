"""What follows when a command to a claim is taken. An effect changes no state.

Every step that opens, budgets or settles a claim is said to the building's account in the same change. Every
step leaves its day behind: what stands on it does not happen before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from servflow.core.attention import attend, seen_to
from servflow.core.changes import Actor, Command
from servflow.core.citations import Clause, Dated
from servflow.core.deposits.accounts.commands import BookDepositClaim, DrawDeposit
from servflow.core.deposits.accounts.messages import in_force
from servflow.core.deposits.accounts.model import DepositAccount, account_key
from servflow.core.deposits.claims import commands as c
from servflow.core.deposits.claims import messages
from servflow.core.deposits.claims.guards import (
    Opening,
    Said,
    last_days,
    last_for_paying,
    last_signature,
    party_of,
)
from servflow.core.deposits.claims.model import (
    Applicant,
    Budget,
    CostLine,
    CostList,
    DepositClaim,
    PaidOut,
    Test,
)
from servflow.core.deposits.claims.states import ClaimState
from servflow.core.deposits.holdings import reserved
from servflow.core.deposits.policy import DepositPolicy
from servflow.core.deposits.words import Payee
from servflow.core.desk_rules import today
from servflow.core.lifecycle import Outcome, Situation
from servflow.core.money import Money, total

__all__ = [
    "ABOVE_DEPOSIT",
    "approve",
    "approve_budget",
    "assign",
    "check",
    "dispute",
    "file_claim",
    "file_emergency",
    "finish",
    "give_back",
    "hand_in_budget",
    "hand_in_costs",
    "notify_use",
    "order_test",
    "pay_out",
    "performed",
    "record_test",
    "refuse",
    "remind",
    "replace_applicant",
    "see_to",
    "sign",
    "withdraw",
]

ABOVE_DEPOSIT = "deposits.budget-above-deposit"
"""What was approved is more than the account holds beside what was approved for other claims."""


def _account(s: Situation[Any, Any, DepositPolicy, Any]) -> DepositAccount:
    it = s.others[account_key(s.command.account if s.it is None else s.it.account)]
    assert isinstance(it, DepositAccount)
    return it


def _booked(s: Said | Opening, it: DepositClaim, *, opened: bool, budget: Money | None = None) -> Command:
    """What the account is told: the claim is open, what was approved for it, or that it is settled."""
    envelope = s.command.entailed("book", case=it.account, by=Actor.policy(it.authority))
    return BookDepositClaim(**envelope, claim=it.id, part=it.part, open=opened, budget=budget)


def _applicants(it: DepositClaim) -> tuple[str, ...]:
    return tuple(each.party for each in it.applicants)


def _step(s: Said, **changes: Any) -> DepositClaim:
    """The claim with what this step changes, and its day."""
    return replace(s.it, last_on=today(s), **changes)


def _but_him(s: Said | Opening, *parties: str) -> tuple[str, ...]:
    """Those of them who did not say it themselves."""
    return tuple(party for party in parties if party != party_of(s.command.by))


def _by(s: Said | Opening, *rules: Dated[Any]) -> tuple[Clause, ...]:
    """The clauses of these rules as they are on the day of the command."""
    return in_force(today(s), *rules)


# --- filing -----------------------------------------------------------------------------------------


def file_claim(s: Opening) -> Outcome:
    """The claim as it begins (SD-13); developer and authority hear of it, and the account knows."""
    return _opened(s, _filed(s, _account(s)))


def file_emergency(s: Opening) -> Outcome:
    """The claim with what was paid for the repair, and the evidence (SD-16)."""
    said: c.FileEmergencyClaim = s.command
    it = replace(
        _filed(s, _account(s)),
        emergency=said.emergency,
        repaired_on=said.repaired_on,
        costs=_list(s, said.lines),
    )
    return _opened(s, it)


def _opened(s: Opening, it: DepositClaim) -> Outcome:
    facts = (("reported_on", it.reported_on), ("role", it.applicants[0].role))
    cited = _by(s, s.policy.emergency_claimants if it.emergency else s.policy.claimants)
    told = messages.tell(it, messages.FILED, _but_him(s, it.developer, it.authority), *facts, cited=cited)
    return Outcome(it, told, commands=(_booked(s, it, opened=True),))


def _filed(s: Opening, account: DepositAccount) -> DepositClaim:
    said: c.Filing = s.command
    return DepositClaim(
        id=said.case,
        state=ClaimState.FILED,
        authority=account.authority,
        account=account.id,
        developer=account.building.developer,
        part=said.part,
        parts=said.parts,
        unit=said.unit,
        what=said.what,
        ground=said.ground,
        cause=said.cause,
        reported_on=said.reported_on,
        filed_on=today(s),
        last_on=today(s),
        applicants=(Applicant(role=said.role, party=party_of(said.by)), *said.together_with),
        evidence=said.evidence,
    )


def _list(s: Said | Opening, lines: tuple[CostLine, ...]) -> CostList:
    costs = total((line.amount for line in lines), s.policy.currency)
    return CostList(lines=lines, total=costs, handed_in_on=today(s))


# --- whose business it is ---------------------------------------------------------------------------


def check(s: Situation[DepositClaim, c.CheckWithDeveloper, DepositPolicy, Any]) -> Outcome:
    """What the developer says is on record, and he is told so (SD-13); an open test is not waited for."""
    it = _step(s, developer_says=s.command.says)
    says, cited = ("says", s.command.says.value), _by(s, s.policy.developer_heard)
    told = messages.tell(it, messages.CHECKED, (it.developer,), says, cited=cited)
    return Outcome(it, told)


def dispute(s: Situation[DepositClaim, c.DisputeLiability, DepositPolicy, Any]) -> Outcome:
    """The developer has it tested (SD-15); what he said before does not hold any more.

    The authority and who asked hear of it.
    """
    test = Test(body=s.command.body, ordered_on=today(s), by_order=False)
    it = _step(s, disputed=s.command.reason, developer_says=None, tests=(*s.it.tests, test))
    to = _but_him(s, it.authority, *_applicants(it))
    facts = (("reason", it.disputed), ("body", test.body))
    cited = _by(s, s.policy.disputes_tested)
    return Outcome(it, messages.tell(it, messages.DISPUTED, to, *facts, cited=cited))


def order_test(s: Situation[DepositClaim, c.OrderTest, DepositPolicy, Any]) -> Outcome:
    """The developer hears by whom he has to have it tested (SD-15)."""
    test = Test(body=s.command.body, ordered_on=today(s), by_order=True)
    it = _step(s, tests=(*s.it.tests, test))
    body, cited = ("body", test.body), _by(s, s.policy.disputes_tested)
    return Outcome(it, messages.tell(it, messages.TEST_ORDERED, (it.developer,), body, cited=cited))


def record_test(s: Situation[DepositClaim, c.RecordTest, DepositPolicy, Any]) -> Outcome:
    """What the body found is on record, with the test that it was asked for, and told to all (SD-15)."""
    said = s.command
    found = replace(
        s.it.tests[-1], liable=said.liable, cause=said.cause, report=said.report, found_on=today(s)
    )
    it = _step(s, tests=(*s.it.tests[:-1], found))
    to = _but_him(s, it.authority, it.developer, *_applicants(it))
    facts = (("body", found.body), ("report", found.report), ("liable", said.liable))
    cited = _by(s, s.policy.disputes_tested)
    return Outcome(it, messages.tell(it, messages.TESTED, to, *facts, cited=cited))


def approve(s: Situation[DepositClaim, c.ApproveClaim, DepositPolicy, Any]) -> Outcome:
    """Who asked and the developer hear that the deposit is used.

    What an emergency cost is set aside for it (SD-16).
    """
    it = _step(s)
    cited = in_force(it.filed_on, s.policy.grounds_of_use)
    told = messages.tell(it, messages.APPROVED, _but_him(s, *_applicants(it), it.developer), cited=cited)
    if not it.emergency:
        return Outcome(it, told)
    assert it.costs is not None
    return _set_aside(s, it, it.costs.total)._replace(messages=told)


def refuse(s: Situation[DepositClaim, c.RefuseClaim, DepositPolicy, Any]) -> Outcome:
    """Who asked, the developer and whoever was to repair it hear why it is not used."""
    it = _step(s, why=s.command.reason)
    to = _but_him(s, *_applicants(it), it.developer, it.repairer)
    told = messages.tell(it, messages.REFUSED, to, ("reason", it.why), cited=_refused_by(s))
    return Outcome(it, told, commands=(_booked(s, it, opened=False),))


def _refused_by(s: Said) -> tuple[Clause, ...]:
    """When a deposit is used at all, and what a test found against it (SD-9, SD-11, SD-15)."""
    rules: list[Dated[Any]] = [s.policy.grounds_of_use]
    found = s.it.finding
    if found is not None and found.cause in s.policy.exclusions.on(s.it.filed_on).value:
        rules.append(s.policy.exclusions)
    if found is not None and not found.liable:
        rules.append(s.policy.disputes_tested)
    return in_force(s.it.filed_on, *rules)


def performed(s: Situation[DepositClaim, c.ConfirmPerformance, DepositPolicy, Any]) -> Outcome:
    """The developer has repaired it; all others hear that nothing is asked for any more."""
    it = _step(s, repaired_on=today(s))
    cited = in_force(it.filed_on, s.policy.grounds_of_use)
    told = messages.tell(it, messages.PERFORMED, _all_others(s), cited=cited)
    return Outcome(it, told, commands=(_booked(s, it, opened=False),))


def withdraw(s: Situation[DepositClaim, c.WithdrawClaim, DepositPolicy, Any]) -> Outcome:
    """Nothing is asked for any more; all others hear why."""
    it = _step(s, why=s.command.reason)
    told = messages.tell(it, messages.WITHDRAWN, _all_others(s), ("reason", it.why))
    return Outcome(it, told, commands=(_booked(s, it, opened=False),))


def _all_others(s: Said) -> tuple[str, ...]:
    it = s.it
    return _but_him(s, it.authority, it.developer, *_applicants(it), it.repairer)


def replace_applicant(s: Situation[DepositClaim, c.ReplaceApplicant, DepositPolicy, Any]) -> Outcome:
    """Who came in hears of it, and who asked before; what that one signed does not count for him."""
    said = s.command
    before = next(each for each in s.it.applicants if each.party == said.replaced)
    after = Applicant(role=before.role, party=said.party)
    applicants = tuple(after if each is before else each for each in s.it.applicants)
    signed_by = tuple(party for party in s.it.signed_by if party != before.party)
    it = replace(s.it, applicants=applicants, signed_by=signed_by)
    facts = (("role", after.role), ("party", after.party), ("reason", said.reason))
    whom, cited = (said.party, before.party), _by(s, s.policy.claimants)
    return Outcome(it, messages.tell(it, messages.REPLACED, whom, *facts, cited=cited))


# --- the repair -------------------------------------------------------------------------------------


def assign(s: Situation[DepositClaim, c.AssignRepairer, DepositPolicy, Any]) -> Outcome:
    """The repairer hears that it is his (SD-34), and who was to repair it before, that it is not.

    A budget that was handed in before does not hold any more.
    """
    said = s.command
    it = _step(
        s,
        repairer=said.repairer,
        repairer_kind=said.kind,
        qualification=said.qualification,
        budget=None,
    )
    booked = (_booked(s, it, opened=True),) if s.it.budget is not None else ()
    cited = _by(s, s.policy.repairers)
    told = messages.tell(it, messages.ASSIGNED, (it.repairer,), cited=cited)
    if s.it.repairer != it.repairer:
        told += messages.tell(it, messages.RELIEVED, (s.it.repairer,), cited=cited)
    return Outcome(it, told, commands=booked)


def hand_in_budget(s: Situation[DepositClaim, c.HandInBudget, DepositPolicy, Any]) -> Outcome:
    """Plan and budget wait for the approval of the authority, which hears of them (SD-34).

    What was approved before stays set aside until then.
    """
    said = s.command
    it = _step(s, budget=Budget(plan=said.plan, amount=said.amount, handed_in_on=today(s)))
    facts = (("repairer", it.repairer), ("plan", said.plan), ("amount", said.amount))
    to, cited = _but_him(s, it.authority), _by(s, s.policy.repairers)
    return Outcome(it, messages.tell(it, messages.BUDGET_HANDED_IN, to, *facts, cited=cited))


def approve_budget(s: Situation[DepositClaim, c.ApproveBudget, DepositPolicy, Any]) -> Outcome:
    """The repairer may start (SD-34), and the amount is set aside."""
    assert s.it.budget is not None
    it = _step(s, budget=replace(s.it.budget, approved_on=today(s)))
    amount = s.it.budget.amount
    cited = _by(s, s.policy.repairers)
    told = messages.tell(it, messages.BUDGET_APPROVED, (it.repairer,), ("amount", amount), cited=cited)
    return _set_aside(s, it, amount)._replace(messages=told)


def _set_aside(s: Said, it: DepositClaim, amount: Money) -> Outcome:
    """It is booked on the account; where that does not hold as much, staff have to see to it.

    It is not refused: interest and what the developer still pays may make it enough.
    """
    account = _account(s)
    free = account.balance - reserved(account) + (account.claims[it.id].budget or account.nothing)
    if amount > free:
        it = attend(it, ABOVE_DEPOSIT, ("amount", amount), ("held", free))
    return Outcome(it, commands=(_booked(s, it, opened=True, budget=amount),))


def finish(s: Situation[DepositClaim, c.FinishRepair, DepositPolicy, Any]) -> Outcome:
    """The repair is done; the authority and who asked hear so."""
    it = _step(s, repaired_on=today(s))
    to = _but_him(s, it.authority, *_applicants(it))
    return Outcome(it, messages.tell(it, messages.FINISHED, to, ("repaired_on", today(s))))


# --- the money --------------------------------------------------------------------------------------


def hand_in_costs(s: Situation[DepositClaim, c.HandInCostList, DepositPolicy, Any]) -> Outcome:
    """A list that nobody has signed yet, in the place of an earlier one (SD-13); who asked is to sign it."""
    costs = _list(s, s.command.lines)
    it = _step(s, costs=costs, signed_by=(), returned="")
    to = _but_him(s, *_applicants(it))
    amount, cited = ("amount", costs.total), _by(s, s.policy.cost_list_signed)
    return Outcome(it, messages.tell(it, messages.COSTS_LISTED, to, amount, cited=cited))


def sign(s: Situation[DepositClaim, c.SignCostList, DepositPolicy, Any]) -> Outcome:
    """He has signed; with the last signature the authority has the list, and its days begin (SD-14).

    It hears then, by which day it pays.
    """
    it = _step(s, signed_by=(*s.it.signed_by, party_of(s.command.by)))
    if not last_signature(s):
        return Outcome(it)
    assert it.costs is not None
    signed = replace(it.costs, signed_on=today(s))
    last = last_for_paying(today(s), s.policy)
    facts = (("amount", signed.total), ("last", last.value))
    it = replace(it, costs=signed)
    to = _but_him(s, it.authority)
    return Outcome(it, messages.tell(it, messages.SIGNED, to, *facts, cited=(last.clause,)))


def give_back(s: Situation[DepositClaim, c.ReturnCostList, DepositPolicy, Any]) -> Outcome:
    """A new list is asked of whoever made it; its days begin anew."""
    it = _step(s, costs=None, signed_by=(), returned=s.command.reason, reminded=())
    to = _but_him(s, *_applicants(it), it.repairer)
    reason, cited = ("reason", it.returned), _by(s, s.policy.cost_list_signed)
    return Outcome(it, messages.tell(it, messages.RETURNED, to, reason, cited=cited))


def pay_out(s: Situation[DepositClaim, c.PayOut, DepositPolicy, Any]) -> Outcome:
    """The account pays it, for this claim, and the claim is settled there (SD-14).

    To who filed it, of several applicants; or to the repairer. Who asked hears of it, and who is paid.
    """
    said = s.command
    to = s.it.repairer if said.payee is Payee.REPAIRER else s.it.applicants[0].party
    it = _step(s, paid=PaidOut(on=today(s), amount=said.amount, payee=said.payee, to=to))
    draw = DrawDeposit(
        **said.entailed("draw", case=it.account, by=Actor.policy(it.authority)),
        claim=it.id,
        part=it.part,
        amount=said.amount,
        payee=said.payee,
        to=to,
    )
    whom, facts = _but_him(s, *_applicants(it), to), (("amount", said.amount), ("to", to))
    told = messages.tell(it, messages.PAID, whom, *facts, cited=_by(s, s.policy.payees))
    return Outcome(it, told, commands=(draw,))


def notify_use(s: Situation[DepositClaim, c.NotifyUse, DepositPolicy, Any]) -> Outcome:
    """The developer is sent the detail of use, with what is left of the deposit (SD-17)."""
    it = _step(s, notified_on=today(s))
    assert it.costs is not None
    assert it.paid is not None
    told = messages.tell(
        it,
        messages.USED,
        (it.developer,),
        ("listed", it.costs.total),
        ("amount", it.paid.amount),
        ("paid_on", it.paid.on),
        ("to", it.paid.to),
        ("held", _account(s).balance),
        cited=_by(s, s.policy.use_notice_days),
    )
    return Outcome(it, told)


# --- deadlines, and what staff have to see to -------------------------------------------------------


def remind(s: Situation[DepositClaim, c.RemindDeadline, DepositPolicy, Any]) -> Outcome:
    """The authority hears that it is the last day; once for each."""
    deadline = s.command.deadline
    last, clause = next((last, by) for each, last, by in last_days(s.it, s.policy) if each is deadline)
    it = replace(s.it, reminded=(*s.it.reminded, deadline.value))
    facts = (("deadline", deadline.value), ("last", last))
    return Outcome(it, messages.tell(it, messages.DEADLINE, (it.authority,), *facts, cited=(clause,)))


def see_to(s: Situation[DepositClaim, c.SeeToClaim, DepositPolicy, Any]) -> Outcome:
    """It is off the list."""
    return Outcome(seen_to(s.it, s.command.code))
