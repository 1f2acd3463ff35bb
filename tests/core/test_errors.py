"""Every exception: what it carries, what it says, and the tree they stand in."""

from __future__ import annotations

import copy
import pickle
import re

import pytest

from servflow.core import errors
from servflow.core.citations import Clause, Reason
from servflow.core.errors import (
    AlreadyExists,
    CommandReused,
    ConflictingRules,
    CurrencyMismatch,
    DamagedRecord,
    InvalidArchive,
    InvalidCommand,
    InvalidFacts,
    InvalidMessage,
    InvalidRule,
    InvalidRulebook,
    InvalidTable,
    InvalidValue,
    MailFailed,
    MissingExtra,
    MissingValue,
    NotFound,
    PartnerFailed,
    Problem,
    Refused,
    ServflowError,
    StaleVersion,
    StorageBusy,
    StorageFull,
    UnusableStorage,
)

LATE, WAITING = Reason("late", Clause("NLC-10")), Reason("somebody-waits", Clause("NLC-10"))
PROBLEMS = (Problem("fees.overdue", "-5", "an amount of 0 or more"), Problem("loan.days", "nothing", "days"))
PROBLEMS_TEXT = """\
fees.toml: 2 problems
  fees.overdue: found -5, expected an amount of 0 or more
  loan.days: found nothing, expected days"""

# One of each: the error, its code, a built-in it can be caught as, its attributes, its text.
CASES: list[tuple[ServflowError, str, type[Exception], dict[str, object], str]] = [
    (
        Refused("loan L-1", "RequestRenewal", (LATE, WAITING)),
        "refused",
        Exception,
        {"subject": "loan L-1", "command": "RequestRenewal", "reasons": (LATE, WAITING)},
        "RequestRenewal refused for loan L-1: late [NLC-10]; somebody-waits [NLC-10]",
    ),
    (
        InvalidValue("amount", 22.5, "an int"),
        "invalid-value",
        ValueError,
        {"field": "amount", "found": 22.5, "expected": "an int"},
        "amount: found 22.5, expected an int",
    ),
    (
        CurrencyMismatch("CNY", "USD"),
        "currency-mismatch",
        ValueError,
        {"one": "CNY", "other": "USD"},
        "amounts in CNY and USD cannot be taken together",
    ),
    (
        InvalidTable("fees.toml", iter(PROBLEMS)),
        "invalid-table",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        InvalidCommand("fees.toml", iter(PROBLEMS)),
        "invalid-command",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        InvalidMessage("fees.toml", iter(PROBLEMS)),
        "invalid-message",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        InvalidRule("fees.toml", iter(PROBLEMS)),
        "invalid-rule",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        ConflictingRules(("vip", "lost")),
        "conflicting-rules",
        ValueError,
        {"names": ("vip", "lost")},
        "the special rules for vip, lost all apply, and they disagree",
    ),
    (
        InvalidRulebook("fees.toml", iter(PROBLEMS)),
        "invalid-rulebook",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        InvalidArchive("fees.toml", iter(PROBLEMS)),
        "invalid-archive",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        InvalidFacts("fees.toml", iter(PROBLEMS)),
        "invalid-facts",
        ValueError,
        {"subject": "fees.toml", "problems": PROBLEMS},
        PROBLEMS_TEXT,
    ),
    (
        MissingValue("shipping fee", "on 2025-12-31"),
        "missing-value",
        LookupError,
        {"name": "shipping fee", "where": "on 2025-12-31"},
        "shipping fee has no value on 2025-12-31",
    ),
    (
        NotFound("loan", "L-1"),
        "not-found",
        LookupError,
        {"kind": "loan", "id": "L-1"},
        "no loan with the id 'L-1'",
    ),
    (
        AlreadyExists("loan", "L-1"),
        "already-exists",
        Exception,
        {"kind": "loan", "id": "L-1"},
        "loan 'L-1' exists already",
    ),
    (
        StaleVersion("loan", "L-1", 3, 4),
        "stale-version",
        Exception,
        {"kind": "loan", "id": "L-1", "expected": 3, "found": 4},
        "loan 'L-1' is at version 4, the change expected 3",
    ),
    (
        CommandReused("c-1"),
        "command-reused",
        Exception,
        {"command_id": "c-1"},
        "the command id 'c-1' was used before for another command",
    ),
    (
        UnusableStorage("cases.db", "format 2", "format 1"),
        "unusable-storage",
        Exception,
        {"place": "cases.db", "found": "format 2", "expected": "format 1"},
        "cases.db: found format 2, expected format 1",
    ),
    (
        DamagedRecord("posting p1", "an amount of nothing", "an amount above 0"),
        "damaged-record",
        Exception,
        {"record": "posting p1", "found": "an amount of nothing", "expected": "an amount above 0"},
        "posting p1 is damaged: found an amount of nothing, expected an amount above 0",
    ),
    (
        StorageFull("cases.db"),
        "storage-full",
        Exception,
        {"place": "cases.db"},
        "cases.db: no room left; nothing of the change was written",
    ),
    (
        StorageBusy("cases.db", 5),
        "storage-busy",
        Exception,
        {"place": "cases.db", "seconds": 5, "why": "locked by another writer for over 5 s"},
        "cases.db: locked by another writer for over 5 s; nothing was written",
    ),
    (
        StorageBusy("cases", 5, "the database system is starting up"),
        "storage-busy",
        Exception,
        {"place": "cases", "seconds": 5, "why": "the database system is starting up"},
        "cases: the database system is starting up; nothing was written",
    ),
    (
        MailFailed("lib@example.org", "550 no such user", permanent=True),
        "mail-failed",
        Exception,
        {"recipient": "lib@example.org", "found": "550 no such user", "permanent": True},
        "mail to lib@example.org was not taken: 550 no such user",
    ),
    (
        PartnerFailed("CN-CQ", "ERROR: UnrecognisedDataValue", permanent=True),
        "partner-failed",
        Exception,
        {"recipient": "CN-CQ", "found": "ERROR: UnrecognisedDataValue", "permanent": True, "reached": True},
        "message to CN-CQ was not taken: ERROR: UnrecognisedDataValue",
    ),
    (
        MissingExtra("lxml", "iso18626"),
        "missing-extra",
        ImportError,
        {"module": "lxml", "extra": "iso18626"},
        "lxml is not installed; install servflow[iso18626]",
    ),
]

KINDS: dict[str, type[ServflowError]] = {
    kind.__name__: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, ServflowError) and not kind.__name__.startswith("_")
}
BUILTINS = (ValueError, LookupError, ImportError)


@pytest.mark.parametrize(
    ("error", "code", "base", "attributes", "text"), CASES, ids=lambda case: type(case).__name__
)
def test_an_error_carries_its_data_and_builds_its_text(error, code, base, attributes, text):
    """Code, attributes and text of each error; it is caught as ours and as the built-in it stands for."""
    assert error.code == code
    assert vars(error) == attributes
    assert str(error) == text
    assert isinstance(error, ServflowError)
    assert isinstance(error, base)


@pytest.mark.parametrize("error", [case[0] for case in CASES], ids=lambda error: type(error).__name__)
def test_an_error_survives_a_pickle_and_a_copy(error):
    """An error raised in a worker process arrives in the other with its data and text."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)
        assert again.args == error.args


def test_every_error_is_tested_here():
    """An error that somebody adds needs a case in this file."""
    assert {type(case[0]).__name__ for case in CASES} | {"ServflowError"} == set(KINDS)


def test_codes_are_unique():
    """Each class has a code of its own, in lower case with hyphens; it is the class's name, spelt out."""
    codes = {kind.code for kind in KINDS.values()}
    assert len(codes) == len(KINDS)
    for name, kind in KINDS.items():
        if kind is not ServflowError:
            assert kind.code == re.sub("(?<=[a-z])(?=[A-Z])", "-", name).lower()
    assert ServflowError.code == "servflow"


def test_the_tree_in_the_docstring_is_the_tree():
    """The drawing at the top of the module lists every class, with the built-in it can be caught as."""
    drawn = dict(re.findall(r"[├└]── (\w+)(?: \((\w+)\))? ", errors.__doc__ or ""))
    root = re.search(r"^    (\w+) +never raised itself$", errors.__doc__ or "", re.MULTILINE)
    assert root is not None
    assert root[1] == "ServflowError"
    builtin = {
        name: "".join(base.__name__ for base in BUILTINS if issubclass(kind, base))
        for name, kind in KINDS.items()
        if kind is not ServflowError
    }
    assert drawn == builtin


def test_every_error_is_public():
    """What can be caught can be imported: the public names are the classes and the problem value, sorted."""
    assert sorted([*KINDS, "Problem"]) == errors.__all__


def test_one_problem_is_no_plural():
    """A single mistake is one problem."""
    assert str(InvalidTable("t", PROBLEMS[:1])).startswith("t: 1 problem\n")


def test_a_mail_may_be_tried_again_unless_said_otherwise():
    """A failed mail is taken for passing trouble by default."""
    assert MailFailed("a@example.org", "451 later").permanent is False


def test_a_message_may_be_tried_again_unless_said_otherwise():
    """A message that was not taken is passing trouble by default, and its system is taken to be there."""
    failed = PartnerFailed("CN-CQ", "503")

    assert (failed.permanent, failed.reached) == (False, True)
    assert PartnerFailed("CN-CQ", "no answer", reached=False).reached is False


def test_a_problem_says_where_what_and_what_else():
    """A problem reads as place, found, expected, and is a value."""
    assert str(PROBLEMS[1]) == "loan.days: found nothing, expected days"
    assert Problem("a", "b", "c") == Problem("a", "b", "c")
