"""Units in service: from delivery through trial run to their end, and what is due to them by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from desk_at_work import (
    CLOCK,
    CUSTOMER,
    DESK,
    FIRM,
    MONDAY,
    SUPERVISOR,
    SYSTEM,
    THE_CUSTOMER,
    THE_ENGINEER,
    ZONE,
    policy,
    staff,
)
from table_grid import differences, grid_of, read_grid

from servflow.core.aftersales.circumstances import Question, When
from servflow.core.aftersales.claims import PastRepair, Replacement, ServiceContract
from servflow.core.aftersales.policy import Checklist, Duty, ServicePolicy
from servflow.core.aftersales.tickets.model import DutyDone
from servflow.core.aftersales.units import commands as c
from servflow.core.aftersales.units import messages as m
from servflow.core.aftersales.units.model import Unit, UnitRole, UnitState, unit_key
from servflow.core.aftersales.units.table import UNIT
from servflow.core.aftersales.words import LIFETIME, DutyKind, Event
from servflow.core.changes import Actor, Change, Command, Key, Office
from servflow.core.citations import Cited, Clause, Dated, Reason, Since
from servflow.core.dates import Period, Term
from servflow.core.errors import Refused
from servflow.core.lifecycle import Lifecycles, check, decide

S = UnitState
UNITS = Lifecycles(UNIT)
COORDINATOR = staff("planner", "coordinator")
SIGNED = {"signature of the customer": ("scan-1",)}
CONTRACT = ServiceContract(name="S-1", term=Term(date(2026, 1, 1), date(2027, 1, 1)))
VISITS = Duty(
    kind=DutyKind.VISIT,
    since=Event.INSTALLED,
    every=Period(months=3),
    checks=("wearing parts",),
    opinion=True,
)

USUAL: dict[type[Command], dict[str, Any]] = {
    c.RegisterUnit: {"firm": FIRM, "customer": CUSTOMER, "product": "pump"},
    c.AcceptFinally: {"shown": SIGNED, "responsible": {"project-manager": "zhang"}},
    c.AddContract: {"contract": CONTRACT, "by": COORDINATOR},
    c.NoteSeason: {"event": "rainy-season", "on": date(2026, 6, 1)},
    c.NoteRepair: {
        "repair": PastRepair(ref="T-1", finished_on=date(2026, 5, 4), fault_group="pump"),
        "ticket": "T-1",
    },
    c.NoteReplacement: {"replacement": Replacement(on=date(2026, 5, 4), lasting=LIFETIME)},
    c.HandUnitOver: {"customer": "another"},
}
ORDER: dict[UnitState, tuple[tuple[type[Command], dict[str, Any]], ...]] = {
    S.IN_SERVICE: ((c.RegisterUnit, {}),),
    S.DELIVERED: ((c.RegisterUnit, {"to_be_installed": True}),),
    S.TRIAL: (
        (c.RegisterUnit, {"to_be_installed": True}),
        (c.CheckDelivery, {}),
        (c.AcceptInstallation, {}),
    ),
    S.RETIRED: ((c.RegisterUnit, {}), (c.RetireUnit, {})),
}


class Records:
    """The records of a firm's units, decided at once and remembered; U-1 where nothing else is said."""

    def __init__(self, state: UnitState | None = None, **rules: Any) -> None:
        self.policy: ServicePolicy = policy(**rules)
        self.there: dict[Key, Any] = {}
        self.now: datetime = MONDAY
        self.number = 0
        self.told: list[tuple[str, str]] = []
        for kind, said in ORDER.get(state, ()) if state is not None else ():
            self.do(kind, **said)

    def command(self, kind: type[Command], **said: Any) -> Any:
        self.number += 1
        by = {c.NoteRepair: SYSTEM, c.NoteReplacement: SYSTEM, c.RemindUnitDuty: CLOCK}.get(kind, SUPERVISOR)
        at = said.get("happened_at", self.now)
        usual = {"id": f"c-{self.number}", "case": "U-1", "by": by, "happened_at": at, "recorded_at": at}
        return kind(**(usual | USUAL.get(kind, {}) | said))

    def do(self, kind: type[Command], **said: Any) -> Change:
        return self.take(self.command(kind, **said))

    def take(self, said: Command) -> Change:
        change = decide(UNITS, said, self.there, policy=self.policy)
        self.there |= {it.key: it for it in change.becomes}
        self.told += [(message.kind, message.to) for message in change.messages]
        return change

    def reasons(self, kind: type[Command], **said: Any) -> tuple[Reason, ...]:
        return check(UNITS, self.command(kind, **said), self.there, policy=self.policy)

    def codes(self, kind: type[Command], **said: Any) -> list[str]:
        return [reason.code for reason in self.reasons(kind, **said)]

    @property
    def unit(self) -> Unit:
        it = self.there[unit_key("U-1")]
        assert isinstance(it, Unit)
        return it

    def speak(self, until: datetime) -> list[tuple[str, date]]:
        """All that the clock says by then: of what, and as of which day."""
        said = []
        while (word := UNIT.wake(self.unit, self.policy, until)) is not None:
            assert isinstance(word, c.RemindUnitDuty)
            assert word.id == f"clock/aftersales.unit/U-1/duty/{word.key}/{self.unit.version}"
            self.take(word)
            said.append((word.key, self.policy.day(word.happened_at)))
            assert len(said) < 20
        return said


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


# --- the table ------------------------------------------------------------------------------------------

GRID = """
                    -         DELIVERED     TRIAL          IN_SERVICE   RETIRED
AcceptFinally       .         CKV>=         CKV>IN_SERVICE .            .
AcceptInstallation  .         CDEKV>TRIAL   .              .            .
AddContract         .         KVS>=         KVS>=          KVS>=        .
CheckDelivery       .         CDEKV>=       .              .            .
HandUnitOver        .         CDEKV>=       CDEKV>=        CDEKV>=      .
NoteRepair          .         S>=           S>=            S>=          S>=
NoteReplacement     .         S>=           S>=            S>=          S>=
NoteSeason          .         DEKVS>=       DEKVS>=        DEKVS>=      .
RecordUnitDuty      .         DEKV>=        DEKV>=         DEKV>=       .
RegisterUnit        DEKVS>DELIVERED/IN_SERVICE .  .        .            .
RemindUnitDuty      .         T>=           T>=            T>=          .
RetireUnit          .         CDEKV>RETIRED CDEKV>RETIRED  CDEKV>RETIRED .
ShowUnitFacts       .         DEKVS>=       DEKVS>=        DEKVS>=      .
"""
ROLES = {
    "C": UnitRole.CUSTOMER,
    "D": UnitRole.DESK,
    "E": UnitRole.ENGINEER,
    "K": UnitRole.COORDINATOR,
    "V": UnitRole.SUPERVISOR,
    "S": UnitRole.SYSTEM,
    "T": UnitRole.CLOCK,
}


def test_every_cell_of_the_table_is_as_it_is_written_here() -> None:
    """Every state, command and role."""
    expected = read_grid(GRID, states={state.name: state for state in S}, roles=ROLES)

    assert differences(expected, grid_of(UNIT)) == []


@pytest.mark.parametrize(
    ("by", "there", "opening"),
    [
        (THE_CUSTOMER, ("customer",), ()),
        (Actor("another", "another", Office.PERSON), (), ()),
        (SUPERVISOR, ("supervisor",), ("supervisor",)),
        (staff("both", "desk", "engineer", "cook"), ("engineer", "desk"), ("engineer", "desk")),
        (staff("x", "supervisor", serves="elsewhere"), (), ("supervisor",)),
        (SYSTEM, ("system",), ("system",)),
        (CLOCK, ("clock",), ("clock",)),
    ],
)
def test_who_speaks_to_a_record(by: Actor, there: tuple[str, ...], opening: tuple[str, ...]) -> None:
    """The customer whose unit it is, and the firm's own; nobody opens one at another firm."""
    unit = Records(S.IN_SERVICE).unit

    assert tuple(role.value for role in UNIT.roles_of(unit, by)) == there
    assert tuple(role.value for role in UNIT.roles_of(None, by)) == opening


# --- from delivery into service ---------------------------------------------------------------------------


def test_a_unit_is_registered_with_its_day_and_who_has_it_is_told() -> None:
    """What is sold to be used at once is in service; at another firm it is refused."""
    records = Records(S.IN_SERVICE)

    assert (records.unit.state, records.unit.registered_on) == (S.IN_SERVICE, date(2026, 5, 4))
    assert records.unit.dates == {"registered": date(2026, 5, 4)}
    assert records.told == [(m.REGISTERED, CUSTOMER)]
    told = {"case": "U-2", "dates": {"registered": date(2026, 4, 1), "sold": date(2026, 3, 1)}}
    records.do(c.RegisterUnit, **told)
    assert records.there[unit_key("U-2")].dates == told["dates"]
    foreign = {"case": "U-3", "by": staff("x", "desk", serves="elsewhere")}
    assert records.codes(c.RegisterUnit, **foreign) == ["aftersales.another-firm"]


def test_what_is_not_known_is_not_put_on_record() -> None:
    """Questions, answers and events are those of the rules; all that do not fit are named."""
    records = Records(S.IN_SERVICE)
    wrong = {
        "answers": {"cause": "magic", "colour": "red", "distance": "near", "proof": "yes"},
        "dates": {"party": date(2026, 5, 1), "year": date(2026, 1, 1), "sold": date(2026, 3, 1)},
    }

    assert records.codes(c.RegisterUnit, case="U-2", **wrong) == [
        "aftersales.unknown-answer",
        "aftersales.unknown-question",
        "aftersales.unknown-question",
        "aftersales.unknown-event",
        "aftersales.unknown-event",
    ]
    assert records.codes(c.ShowUnitFacts, **wrong) == records.codes(c.RegisterUnit, case="U-2", **wrong)
    records.do(
        c.ShowUnitFacts, answers={"proof": "yes"}, dates={"sold": date(2026, 3, 1)}, shown={"slip": ("s-1",)}
    )
    assert (records.unit.answers, records.unit.dates["sold"], records.unit.shown) == (
        {"proof": "yes"},
        date(2026, 3, 1),
        {"slip": ("s-1",)},
    )


def test_what_is_said_with_a_step_counts_for_its_checklist() -> None:
    """A list that is asked only after one answer is asked when the step itself brings that answer."""
    slip = Checklist(step="registration", items=("slip",), when=When((("proof", ("yes",)),)))
    records = Records(slip=slip)

    assert records.codes(c.RegisterUnit, answers={"proof": "yes"}) == ["aftersales.lacking"]
    assert records.codes(c.RegisterUnit, answers={"proof": "no"}) == []
    assert records.codes(c.RegisterUnit, answers={"proof": "yes"}, shown={"slip": ("s-1",)}) == []


@pytest.mark.clause("AS-FLOW-21", "AS-FLOW-25")
def test_installation_trial_run_and_final_acceptance_follow_each_other() -> None:
    """Each sets its day; the customer hears of each, and who is responsible of his part."""
    checked = Checklist(step="delivery-check", items=("delivery list",))
    records = Records(S.DELIVERED, checked=checked)
    (reason,) = records.reasons(c.AcceptInstallation)
    assert (reason.code, reason.clause) == ("aftersales.unit.delivery-not-checked", Clause("X-checked"))
    assert Records(S.DELIVERED).codes(c.AcceptInstallation) == []
    (reason,) = records.reasons(c.AcceptFinally)
    assert (reason.code, reason.clause) == (
        "aftersales.unit.not-in-trial",
        Clause("AS-FLOW-21", "售后服务管理规范v 二"),
    )

    records.now += timedelta(days=1)
    records.do(c.CheckDelivery, by=THE_CUSTOMER, shown={"delivery list": ("d-1",)})
    records.do(c.CheckDelivery, by=THE_CUSTOMER, happened_at=records.now + timedelta(days=1))
    assert records.unit.dates["delivered"] == date(2026, 5, 5)
    assert records.codes(c.AcceptInstallation, happened_at=MONDAY) == ["aftersales.unit.out-of-order"]
    records.now += timedelta(days=9)
    records.do(c.AcceptInstallation, by=THE_ENGINEER)
    assert (records.unit.state, records.unit.dates["installed"]) == (S.TRIAL, date(2026, 5, 14))
    assert records.codes(c.AcceptFinally, happened_at=MONDAY + timedelta(days=2)) == [
        "aftersales.unit.out-of-order"
    ]
    records.now += timedelta(days=30)
    people = {"project-manager": "zhang", "development-manager": "li", "intake": "zhang", "nobody": ""}
    change = records.do(c.AcceptFinally, responsible=people)
    assert (records.unit.state, records.unit.dates["accepted"]) == (S.IN_SERVICE, date(2026, 6, 13))
    assert records.unit.responsible == {
        "project-manager": "zhang",
        "development-manager": "li",
        "intake": "zhang",
    }
    assert records.told[-4:] == [
        (m.TRIAL, CUSTOMER),
        (m.IN_SERVICE, CUSTOMER),
        (m.RESPONSIBLE, "zhang"),
        (m.RESPONSIBLE, "li"),
    ]
    assert dict(change.messages[1].facts)["duties"] == "project-manager, intake"


@pytest.mark.clause("AS-FLOW-21")
def test_the_customer_confirms_the_end_of_the_trial_run() -> None:
    """He says so himself, or has signed."""
    records = Records(S.TRIAL)
    (reason,) = records.reasons(c.AcceptFinally, shown={"minutes": ("m-1",)})
    assert (reason.code, reason.clause) == (
        "aftersales.unit.not-confirmed",
        Clause("AS-FLOW-21", "售后服务管理规范v 二"),
    )
    assert records.codes(c.AcceptFinally) == []
    assert records.codes(c.AcceptFinally, by=THE_CUSTOMER, shown={}) == []


@pytest.mark.clause("AS-FLOW-11", "AS-FLOW-24")
def test_what_the_rulebook_wants_to_see_before_an_acceptance_is_on_record() -> None:
    """What is shown before counts; who is responsible is proved by naming him, and a list may hang on an answer."""
    records = Records(
        S.DELIVERED,
        product=Question("product", ("pump", "door")),
        counted=Checklist(step="delivery-check", items=("2 delivery list",)),
        tested=Checklist(step="first-acceptance", items=("test-plan", "delivery-check")),
        staffed=Checklist(
            step="final-acceptance", items=("project-manager",), when=When((("product", ("pump",)),))
        ),
        doors=Checklist(step="final-acceptance", items=("key",), when=When((("product", ("door",)),))),
    )
    (reason,) = records.reasons(c.CheckDelivery, shown={"delivery list": ("d-1",)})
    assert (reason.code, reason.clause) == ("aftersales.lacking", Clause("X-counted"))
    records.do(c.ShowUnitFacts, shown={"delivery list": ("d-1",)})
    records.do(c.CheckDelivery, shown={"delivery list": ("d-2",)})
    assert records.codes(c.AcceptInstallation) == ["aftersales.lacking"]
    records.do(c.AcceptInstallation, shown={"test-plan": ("p-1",)})
    (reason,) = records.reasons(c.AcceptFinally, responsible={"project-manager": ""})
    assert dict(reason.facts)["item"] == "project-manager"
    records.do(c.AcceptFinally)
    assert records.unit.shown["project-manager"] == ("zhang",)
    assert records.unit.shown["signature of the customer"] == ("scan-1",)


def test_the_rules_of_a_unit_are_those_of_the_day_on_which_it_was_registered() -> None:
    """A checklist that comes later asks nothing of it, but of what is registered by then."""
    records = Records(S.DELIVERED)
    listed: Dated[Any] = Dated(
        "listed",
        [
            Since(
                date(2026, 6, 1), Cited(Checklist(step="delivery-check", items=("list",)), Clause("X-listed"))
            )
        ],
    )
    records.policy = replace(records.policy, rules={**records.policy.rules, "listed": listed})
    records.now = day("2026-06-10")

    assert records.codes(c.CheckDelivery) == []
    records.do(c.RegisterUnit, case="U-2", to_be_installed=True)
    assert records.codes(c.CheckDelivery, case="U-2") == ["aftersales.lacking"]
    records.there[unit_key("U-1")] = replace(records.unit, registered_on=None)
    assert records.codes(c.CheckDelivery) == ["aftersales.lacking"]  # where nobody knows, those of today


# --- what verdicts go by --------------------------------------------------------------------------------


def test_contracts_have_names_and_seasons_have_days() -> None:
    """A name is used once, a day is noted once, and what happens once is no season."""
    records = Records(S.IN_SERVICE)
    records.do(c.AddContract)
    assert records.unit.contracts == (CONTRACT,)
    assert records.codes(c.AddContract) == ["aftersales.unit.contract-there"]
    assert records.codes(c.AddContract, contract=replace(CONTRACT, name="S-2")) == []

    records.do(c.NoteSeason)
    assert records.codes(c.NoteSeason) == ["aftersales.unit.season-there"]
    records.do(c.NoteSeason, on=date(2027, 6, 1))
    assert records.unit.seasons == {"rainy-season": (date(2026, 6, 1), date(2027, 6, 1))}
    for event in ("year", "party", "registered"):
        assert records.codes(c.NoteSeason, event=event) == ["aftersales.unit.no-season"]


def test_tickets_say_what_was_repaired_and_replaced_also_of_what_is_used_no_more() -> None:
    """The later word of one service counts."""
    records = Records(S.RETIRED)
    records.do(c.NoteRepair)
    again = PastRepair(ref="T-1", finished_on=date(2026, 5, 9), fault_group="pump")
    records.do(c.NoteRepair, repair=again)
    records.do(c.NoteReplacement)

    assert (records.unit.repairs, records.unit.tickets) == ((again,), ("T-1",))
    assert records.unit.replacement == Replacement(on=date(2026, 5, 4), lasting=LIFETIME)
    assert records.unit.state is S.RETIRED


def test_a_unit_that_is_handed_over_is_somebody_elses() -> None:
    """Who has it is told; who had it stays known, and speaks for it no more."""
    records = Records(S.IN_SERVICE)
    assert records.codes(c.HandUnitOver, customer=CUSTOMER) == ["aftersales.unit.his-already"]
    records.do(c.HandUnitOver, by=THE_CUSTOMER)

    assert (records.unit.customer, records.unit.earlier_customers) == ("another", (CUSTOMER,))
    assert records.unit.transferred_on == date(2026, 5, 4)
    assert records.told[-1] == (m.HANDED_OVER, "another")
    with pytest.raises(Refused):
        records.do(c.RetireUnit, by=THE_CUSTOMER)


# --- what is due to it ------------------------------------------------------------------------------------


@pytest.mark.clause("AS-QA-2", "AS-QA-10")
def test_what_is_due_to_a_unit_is_reminded_of_on_its_day_and_recorded() -> None:
    """Every three months from the installation on; the record carries the customer's opinion."""
    records = Records(S.IN_SERVICE, visits=VISITS)
    assert UNIT.next_wake(records.unit, records.policy) is None
    records.do(c.ShowUnitFacts, dates={"installed": date(2026, 3, 31)})
    assert UNIT.next_wake(records.unit, records.policy) == day("2026-06-30")
    assert records.speak(day("2026-06-29")) == []
    assert records.speak(day("2026-10-01")) == [
        ("visits/no. 1", date(2026, 6, 30)),
        ("visits/no. 2", date(2026, 9, 30)),
    ]
    assert records.told[-1] == (m.DUTY_DUE, "firm/coordinator")

    done = DutyDone(
        key="visits/no. 3", done_on=date(2026, 12, 30), by="li", outcome="good", opinion="content"
    )
    said: dict[str, Any] = {"by": DESK, "happened_at": day("2027-01-02")}
    (reason,) = records.reasons(c.RecordUnitDuty, done=done, **said)
    assert (reason.code, reason.clause) == ("aftersales.duty-not-done-so", Clause("X-visits"))
    done = replace(done, checked=("wearing parts",))
    records.do(c.RecordUnitDuty, done=done, **said)
    assert records.unit.duties == (done,)
    assert records.codes(c.RecordUnitDuty, done=done, **said) == ["aftersales.duty-done-already"]
    assert UNIT.next_wake(records.unit, records.policy) == day("2027-03-31")
    twice = {"key": "visits/no. 1", "due_on": date(2026, 6, 30), "happened_at": day("2026-07-01")}
    assert records.codes(c.RemindUnitDuty, **twice) == ["aftersales.duty-seen-to"]


@pytest.mark.clause("AS-QA-16")
def test_a_season_brings_its_duty_each_year_until_the_unit_is_used_no_more() -> None:
    """Of each season that was noted; the clock may speak daily, or once after years."""
    rain = Duty(kind=DutyKind.INSPECTION, since=Event.RAINY_SEASON, on_the_day=True, within=Period(months=3))
    records = Records(S.IN_SERVICE, rain=rain)
    for year in (2026, 2027):
        records.do(c.NoteSeason, on=date(year, 6, 1))
    daily = Records(S.IN_SERVICE, rain=rain)
    daily.there, daily.number = dict(records.there), records.number

    keys = [(f"rain/{year}-06-01/on the day", date(year, 6, 1)) for year in (2026, 2027)]
    assert records.speak(day("2029-01-01")) == keys
    said = [each for days in range(0, 500, 5) for each in daily.speak(MONDAY + timedelta(days=days))]
    assert said == keys
    assert daily.unit == records.unit
    daily.do(c.NoteSeason, on=date(2028, 6, 1))
    assert UNIT.next_wake(daily.unit, daily.policy) == day("2028-06-01")
    daily.do(c.RetireUnit, by=THE_CUSTOMER)
    assert UNIT.next_wake(daily.unit, daily.policy) is None
    assert UNIT.wake(daily.unit, daily.policy, day("2029-01-01")) is None


def test_nothing_is_due_to_a_unit_before_its_record_or_to_one_whose_day_nobody_knows() -> None:
    """What the firm did not know of it reminds nobody of."""
    records = Records(visits=VISITS)
    records.do(c.RegisterUnit, dates={"installed": date(2020, 1, 1)})

    assert UNIT.next_wake(records.unit, records.policy) == day("2026-07-01")
    unknown = replace(records.unit, registered_on=None)
    assert UNIT.next_wake(unknown, records.policy) is None
