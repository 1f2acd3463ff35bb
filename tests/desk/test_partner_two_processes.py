"""Two libraries as two processes, each with its own database, that speak ISO 18626 over the loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import partner_library
import pytest
from partner_library import BORROWER, LENDER, MONDAY, codec, relate

from servflow.adapters.storage_sqlite import SqliteStorage
from servflow.core.changes import Actor, Command, Office
from servflow.core.ill.borrowing import commands as b
from servflow.core.ill.lending import commands as c
from servflow.core.ill.terms import Condition, CostKind, CostLine, Delivery, Requested, SentVia, Service
from servflow.core.money import Money

FIRST = f"{BORROWER}/B1~1"
LONGEST = 60


class Process:
    """A library in a process of its own; it is told one thing a line, and says what came of it."""

    def __init__(self, ref: str, database: Path, edition: str) -> None:
        self.ref, self.database, self.edition = ref, database, edition
        self.peer = LENDER if ref == BORROWER else BORROWER
        self.now = MONDAY
        self._said = 0
        self.start()

    def start(self) -> None:
        """Started; where it listens is read afterwards, so that two may start at a time."""
        script = str(Path(partner_library.__file__))
        self._process = subprocess.Popen(
            [sys.executable, script, self.ref, str(self.database), self.peer, self.edition],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def listens(self) -> None:
        self.port: int = self._read()["port"]

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def told(self, what: str, value: Any = None) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps({what: value})}\n")
        self._process.stdin.flush()
        answer = self._read()
        assert "error" not in answer, answer["error"]
        return answer["done"]

    def say(self, command: type[Command], case: str = FIRST, **said: Any) -> None:
        """A command of its staff, now."""
        self._said += 1
        made = command(
            id=f"told/{self.ref}/{self._said}",
            case=case,
            by=Actor("librarian", self.ref, Office.STAFF),
            happened_at=self.now,
            recorded_at=self.now,
            **said,
        )
        self.told("do", codec().encode_command(made))

    def killed(self) -> None:
        """What is left of a process that was killed by the message before is cleared away."""
        assert self._process.wait(LONGEST) == -9
        self._close_pipes()

    def restarted(self) -> None:
        """Once more, over the same database, at another port."""
        self.start()
        self.listens()
        self.told("pass", (self.now - MONDAY) / timedelta(hours=1))

    def ended(self) -> int:
        """Its exit code, once its input has ended."""
        self._close_pipes()
        return self._process.wait(LONGEST)

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(LONGEST)
        self._close_pipes()


class Two:
    """Both libraries. What one has to tell is delivered when the test says so."""

    def __init__(self, folder: Path, edition: str) -> None:
        storage = SqliteStorage(folder / "there.db", codec())
        relate(partner_library.Library(LENDER, storage))
        storage.close()
        self.here = Process(BORROWER, folder / "here.db", edition)
        self.there = Process(LENDER, folder / "there.db", edition)
        for each in (self.here, self.there):
            each.listens()
        self.introduce()

    def introduce(self) -> None:
        """Each knows where the other listens."""
        self.here.told("peer", self.there.port)
        self.there.told("peer", self.here.port)

    def exchange(self) -> None:
        """All that may leave leaves, and what comes of it, until nobody has anything to tell."""
        while sum(self.delivered(each) for each in (self.here, self.there)):
            pass

    def delivered(self, by: Process) -> int:
        """How many messages were sent; none was put off, and none has failed."""
        sent, failed, postponed = by.told("deliver")
        assert (failed, postponed) == ([], [])
        return int(sent)

    def later(self, hours: float = 1) -> None:
        for each in (self.here, self.there):
            each.now += timedelta(hours=hours)
            each.told("pass", hours)
        self.exchange()

    def order(self, service: Service = Service.LOAN) -> None:
        said: dict[str, Any] = {
            "patron": "p-1",
            "library": BORROWER,
            "requested": Requested(title="古城水系考"),
        }
        self.here.say(b.DraftRequest, "B1", suppliers=(LENDER,), service=service, **said)
        self.here.say(b.Submit, "B1", declared=True)
        self.later()

    @property
    def case(self) -> dict[str, Any]:
        found: dict[str, Any] = self.here.told("show", "B1")
        return found

    @property
    def transaction(self) -> dict[str, Any]:
        found: dict[str, Any] = self.there.told("show", FIRST)
        return found

    def costs(self) -> list[tuple[str, str]]:
        """What the borrower has on record that the lender has charged, by kind."""
        return [(cost["kind"], cost["amount"]["amount"]) for cost in self.case["attempts"][0]["costs"]]

    def codes(self) -> list[str]:
        """What staff of either have to look at."""
        both = [*self.case.get("attention", ()), *self.transaction.get("attention", ())]
        return [reason["code"].removeprefix("ill.attention.") for reason in both]


@pytest.fixture(params=["1.2", "2021-2"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    both = Two(tmp_path, request.param)
    yield both
    for each in (both.here, both.there):
        each.kill()


def test_a_whole_loan(two: Two) -> None:
    """Asked, promised, sent, received, renewed, returned, checked in: both ends agree, nobody has to look."""
    two.order()
    two.there.say(c.Promise)
    two.exchange()
    assert two.case["state"] == "promised"
    two.there.say(c.Ship, items=("v1", "v2"))
    two.exchange()
    two.later(48)
    two.here.say(b.Receive, "B1")
    two.here.say(b.CheckOut, "B1")
    two.later()
    assert two.transaction["state"] == "at_requester"
    first = two.case["due"]
    two.here.say(b.RenewLoan, "B1", reason="the reading group goes on")
    two.exchange()
    two.there.say(c.GrantRenewal)
    two.exchange()
    assert two.case["due"] == two.transaction["due"] > first
    two.here.say(b.TakeBack, "B1")
    two.here.say(b.ShipBack, "B1")
    two.later()
    assert two.transaction["state"] == "return_in_transit"
    two.there.say(c.CheckIn)
    two.exchange()

    assert (two.case["outcome"], two.transaction["closing"]) == ("returned", "completed")
    assert two.costs() == [("loan-fee", "40.00")]
    assert two.codes() == []
    assert [each.ended() for each in (two.here, two.there)] == [0, 0]


def test_a_cancellation_that_crosses_the_shipping(two: Two) -> None:
    """It is asked for while Loaned is on its way: shipped beats cancel, at both ends."""
    two.order()
    two.here.say(b.CancelRequest, "B1")
    two.there.say(c.Ship, items=("v1",))
    assert two.delivered(two.here) == 1
    assert two.delivered(two.there) >= 1
    two.exchange()

    assert (two.case["state"], two.transaction["state"]) == ("shipped", "shipped")
    assert two.codes() == ["shipped-despite-cancel"]


def test_a_copy_on_terms(two: Two) -> None:
    """A copy is offered on conditions, they are accepted, and it is supplied by a link, with its costs."""
    two.order(Service.COPY)
    cost = Money(80, "CNY")
    two.there.say(
        c.MakeOffer, conditions=(Condition.NO_REPRODUCTION, Condition.SIGNATURE_REQUIRED), cost=cost
    )
    two.exchange()
    assert two.case["state"] == "offered"
    assert two.case["attempts"][0]["offer"]["conditions"] == ["NoReproduction", "SignatureRequired"]
    two.here.say(b.AcceptOffer, "B1", revision=1)
    two.exchange()
    assert two.transaction["offer"]["state"] == "accepted"
    link = Delivery(via=SentVia.URL, reference="https://example.org/1.pdf?a=1&b=2")
    costs = (CostLine(kind=CostKind.COPY, amount=Money("3.60", "CNY")),)
    two.there.say(c.SupplyCopy, delivery=link, costs=costs, copyright_checked=True)
    two.exchange()

    assert (two.case["state"], two.transaction["closing"]) == ("delivered", "copy_supplied")
    assert two.case["copy"] == {"via": "URL", "reference": "https://example.org/1.pdf?a=1&b=2"}
    assert two.costs() == [("copy-fee", "3.60")]
    assert two.codes() == []


@pytest.mark.parametrize("two", ["2021-2"], indirect=True)
def test_killed_before_it_answers(two: Two) -> None:
    """The lender is killed when the request is committed and not confirmed: sent again, it counts once."""
    said: dict[str, Any] = {"patron": "p-1", "library": BORROWER, "requested": Requested(title="古城水系考")}
    two.here.say(b.DraftRequest, "B1", suppliers=(LENDER,), service=Service.LOAN, **said)
    two.here.say(b.Submit, "B1", declared=True)
    two.here.now += timedelta(hours=1)
    two.here.told("pass", 1)
    two.there.told("dies", value=True)
    sent, failed, postponed = two.here.told("deliver")
    assert (sent, failed, len(postponed)) == (0, [], 1)
    two.there.killed()
    two.there.restarted()
    before, transaction = two.there.told("entries"), two.transaction
    two.introduce()
    two.here.now += timedelta(hours=1)
    two.here.told("pass", 1)
    assert two.delivered(two.here) == 1

    assert two.there.told("entries") == before
    assert two.transaction == transaction
    assert transaction["state"] == "new"
    two.there.say(c.Ship, items=("v1",))
    two.exchange()
    assert two.case["state"] == "shipped"
    assert two.codes() == []


@pytest.mark.parametrize("two", ["2021-2"], indirect=True)
def test_killed_while_it_hears_an_answer(two: Two) -> None:
    """The borrower is killed when Loaned is committed and not confirmed: sent again, it counts once."""
    two.order()
    two.here.told("dies", value=True)
    two.there.say(c.Ship, items=("v1",))
    sent, failed, postponed = two.there.told("deliver")
    assert (sent, failed, len(postponed)) == (0, [], 1)
    two.here.killed()
    two.here.restarted()
    before = two.here.told("entries")
    two.introduce()
    two.exchange()

    assert two.here.told("entries") == before
    assert (two.case["state"], two.case["items"]) == ("shipped", ["v1"])
    assert two.codes() == []
