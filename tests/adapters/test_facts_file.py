from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from servflow.adapters.facts_file import FactsFile
from servflow.adapters.partner_iso18626 import read_request
from servflow.core.changes import Actor, Office
from servflow.core.errors import InvalidFacts, MissingValue, NotFound
from servflow.core.ill.borrowing.commands import DraftRequest, Submit, TakeBack
from servflow.core.ill.borrowing.model import BorrowingCase, BorrowingFacts
from servflow.core.ill.borrowing.states import CaseState
from servflow.core.ill.lending.commands import Assess, Pay, ReceiveRequest
from servflow.core.ill.lending.model import LendingFacts, Relation, SupplyTransaction
from servflow.core.ill.lending.states import InstitutionKind, Material, Place, RelationState, SupplyState
from servflow.core.ill.terms import Level, Requested, Service
from servflow.core.money import Money
from servflow.core.ports import Party

EXAMPLES = Path(__file__).parents[2] / "examples"
AT = datetime(2026, 1, 30, tzinfo=UTC)
STAFF = Actor("s1", "CN-NLC", Office.STAFF)

LIBRARY = """
[library]
id = "CN-NLC"
name = "国家图书馆"
email = "ill@example.cn"
language = "zh_CN"
city = "北京"
"""
NEAR = """
[institutions."CN-110108"]
name = "京西师范学院图书馆"
kind = "university_library"
place = "same_city"
email = ""
language = "zh_CN"
"""
FAR = """
[institutions."CN-320500"]
name = "Pingjiang University Library"
kind = "public_library"
place = "elsewhere"
city = "苏州"
email = "ill@example.org"
language = "en"
"""
BOOK = """
[[items]]
ids = ["ISBN:978-7-9999-0001-6", "OCLC:777"]
title = "古城水系考"
material = "chinese_book"
"""


SUPPLIERS = """
[[suppliers]]
ref = "CN-CQ"
name = "重庆图书馆"
email = "cq@example.org"
language = "zh_CN"
services = ["Loan"]
rulebook = "nlc/interlibrary-loan"

[[suppliers]]
ref = "GB-9"
name = "Harbour"
email = ""
language = "en"
closed = true
"""
READER = """
[patrons."p-17"]
name = "苏晚晴"
email = "su@example.org"
language = "zh_CN"
category = "teacher"
"""


@pytest.fixture
def facts(tmp_path: Path):
    """Facts from the text of a file."""

    def read(*tables: str) -> FactsFile:
        path = tmp_path / "host.toml"
        path.write_text("".join(tables), encoding="utf-8")
        return FactsFile(path)

    return read


def request(
    requester: str = "CN-320500", title: str = "", ids: tuple[str, ...] = (), request_id: str = "1"
) -> ReceiveRequest:
    return ReceiveRequest(
        id="c1",
        case=f"{requester}/{request_id}",
        by=Actor(requester, requester, Office.SYSTEM),
        happened_at=AT,
        recorded_at=AT,
        requester=requester,
        supplier="CN-NLC",
        request_id=request_id,
        requested=Requested(title=title, record_ids=ids),
    )


def draft(patron: str = "p-17", title: str = "运河船谱", service: Service = Service.LOAN) -> DraftRequest:
    return DraftRequest(
        id="c1",
        case="B-1",
        by=STAFF,
        happened_at=AT,
        recorded_at=AT,
        patron=patron,
        library="CN-NLC",
        service=service,
        requested=Requested(title=title),
    )


def case(state: CaseState, patron: str = "p-17", **said) -> BorrowingCase:
    return BorrowingCase(
        id="B-1",
        state=state,
        patron=patron,
        library="CN-NLC",
        service=Service.LOAN,
        requested=Requested(title="运河船谱"),
        level=Level.NORMAL,
        **said,
    )


def mistakes(facts, *tables: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFacts) as caught:
        facts(*tables)
    assert caught.value.subject.endswith("host.toml")
    return [(problem.where, problem.found) for problem in caught.value.problems]


# --- what it says ---------------------------------------------------------------------------------


def test_parties(facts):
    """the library and its borrowers are known by their references, nobody else is"""
    host = facts(LIBRARY, NEAR, FAR)
    library = Party(ref="CN-NLC", name="国家图书馆", email="ill@example.cn", language="zh_CN")
    assert host.library == host.party("CN-NLC") == library
    assert host.party("CN-110108").email == ""
    assert host.party("CN-320500").language == "en"
    with pytest.raises(NotFound, match="party with the id 'CN-1'"):
        host.party("CN-1")


def test_facts_of_a_request(facts):
    """borrower and item are what the file says of them"""
    item = """
    [[items]]
    ids = ["ISBN:1"]
    material = "foreign_book"
    base-collection = false
    catalogued-on = 2025-06-12
    reserved = 2
    held-locally-in = ["广州", "苏州"]
    """
    assert facts(LIBRARY, FAR, item).ask(request(ids=("ISBN:1",)), None) == LendingFacts(
        kind=InstitutionKind.PUBLIC_LIBRARY,
        place=Place.ELSEWHERE,
        material=Material.FOREIGN_BOOK,
        base_collection=False,
        catalogued_on=date(2025, 6, 12),
        reserved=2,
        held_locally=True,
    )


def test_facts_of_a_transaction(facts):
    """later commands on the transaction get the facts of its request; the command does not matter"""
    host = facts(LIBRARY, FAR, BOOK)
    asked = request(title="古城水系考")
    it = SupplyTransaction(
        id=asked.case,
        state=SupplyState.NEW,
        requester=asked.requester,
        supplier=asked.supplier,
        request_id=asked.request_id,
        requested=asked.requested,
        place=Place.ELSEWHERE,
    )
    command = Assess(id="c2", case=it.id, by=STAFF, happened_at=AT, recorded_at=AT)
    assert host.ask(command, it) == host.ask(asked, None)


def test_a_relation_needs_no_facts(facts):
    """commands on a relation are decided without facts, there already or not"""
    host = facts(LIBRARY)
    it = Relation(id="CN-1", state=RelationState.SIGNED, lender="CN-NLC", institution=InstitutionKind.OTHER)
    pay = Pay(id="c3", case="CN-1", by=STAFF, happened_at=AT, recorded_at=AT, amount=Money(1, "CNY"))
    assert host.ask(pay, it) is None
    assert host.ask(pay, None) is None


def test_somebody_unknown(facts):
    """whom the file does not know is taken for what its table "unknown" says, with place elsewhere"""
    stranger = request("XX-1", "古城水系考")
    known = facts(LIBRARY, BOOK, '[unknown]\nkind = "individual"').ask(stranger, None)
    assert (known.kind, known.place) == (InstitutionKind.INDIVIDUAL, Place.ELSEWHERE)
    assert known.material is Material.CHINESE_BOOK
    abroad = facts(LIBRARY, '[unknown]\nkind = "other"\nplace = "abroad"').ask(stranger, None)
    assert (abroad.kind, abroad.place) == (InstitutionKind.OTHER, Place.ABROAD)


def test_nobody_unknown_is_served(facts):
    """without the table "unknown" a stranger's kind is a missing value, never a guess"""
    with pytest.raises(MissingValue, match="XX-1"):
        facts(LIBRARY, NEAR).ask(request("XX-1"), None)


@pytest.mark.parametrize(
    ("title", "ids", "found"),
    [
        ("", ("ISBN:9787999900016",), True),
        ("", ("isbn:978-7-9999-0001-6",), True),
        ("", ("LCCN:1", "OCLC:777"), True),
        ("古城水系考", (), True),
        ("古城水系考", ("ISBN:9999999999999",), True),
        ("古城水系", (), False),
        ("", ("ISBN:9999999999999",), False),
        ("", ("OCLC:7777",), False),
    ],
)
def test_finding_the_item(facts, title: str, ids: tuple[str, ...], found: bool):
    """an item is found by a record id, otherwise by exactly its title; what is not found is unknown"""
    material = facts(LIBRARY, FAR, BOOK).ask(request(title=title, ids=ids), None).material
    assert material is (Material.CHINESE_BOOK if found else None)


def test_an_ambiguous_item_is_unknown(facts):
    """where two items fit, none is taken: the desk's staff decide"""
    other = '[[items]]\nids = ["X:1"]\ntitle = "古城水系考"\nmaterial = "map"\n'
    host = facts(LIBRARY, FAR, BOOK, other)
    assert host.ask(request(title="古城水系考"), None).material is None
    assert host.ask(request(title="古城水系考", ids=("X:1",)), None).material is Material.MAP
    assert host.ask(request(ids=("X:1", "OCLC:777")), None).material is None


def test_held_in_the_borrowers_city(facts):
    """an item is held locally where the borrower's own city is named; the lender's city goes without saying"""
    held = 'held-locally-in = ["北京"]\n'
    for borrower, expected in (("CN-110108", True), ("CN-320500", False), ("XX-1", False)):
        host = facts(LIBRARY, NEAR, FAR, '[unknown]\nkind = "other"', BOOK, held)
        assert host.ask(request(borrower, "古城水系考"), None).held_locally is expected


def test_slips_of_requests_from_abroad(facts):
    """the slip on file for a case is among its facts, whether the item is known or not"""
    host = facts(LIBRARY, FAR, '[international-slips]\n"CN-320500/1" = "GJ-1"\n', BOOK)
    assert host.ask(request(title="古城水系考"), None).international_slip == "GJ-1"
    assert host.ask(request(title="?"), None).international_slip == "GJ-1"
    assert host.ask(request(title="?", request_id="2"), None).international_slip is None


def test_the_form_at_the_top_of_the_module_is_right(facts):
    """the example in the module's documentation is a valid file, for both sides"""
    import servflow.adapters.facts_file as module

    assert module.__doc__
    example = "\n".join(line for line in module.__doc__.splitlines() if line.startswith("    "))
    host = facts(example)
    asked = request("JP-1", ids=("ISBN:9787999000013",))
    found = host.ask(replace(asked, case="JP-1000001/77"), None)
    assert found.material is Material.CHINESE_BOOK
    assert found.international_slip == "GJ-2026-004"
    read = replace(draft(), case="2026-0117")
    assert host.ask(read, None) == BorrowingFacts(
        category="teacher",
        debt=Money("12.50", "CNY"),
        suppliers=("CN-CQ",),
        duplicate_of="2026-0102",
        held_locally=True,
        requestable=False,
        copies_this_year=3,
        copy_limit=3,
    )


def test_the_example_knows_who_asks_for_what():
    """of the example requests, each finds its borrower and its item in the example of a host"""
    host = FactsFile(EXAMPLES / "host.toml")
    found = {}
    for path in sorted((EXAMPLES / "requests").glob("*.xml")):
        command = read_request(path.read_bytes(), received_at=datetime(2026, 2, 1, tzinfo=UTC))
        assert command.supplier == host.library.ref
        assert host.party(command.requester).email
        told = host.ask(command, None)
        assert isinstance(told, LendingFacts)
        found[path.name[:2]] = (told.place, told.material, command.card is not None)
    chinese, near, far = Material.CHINESE_BOOK, Place.SAME_CITY, Place.ELSEWHERE
    assert found == {
        "01": (near, chinese, True),
        "02": (far, chinese, True),
        "03": (far, chinese, False),
        "04": (far, chinese, False),
        "05": (near, Material.RARE_BOOK, True),
        "06": (far, Material.FOREIGN_BOOK, True),
        "07": (far, chinese, True),
    }
    assert {host.party(ref).language for ref in ("CN-110108", "CN-310115")} == {"zh_CN", "en"}


# --- what is borrowed -----------------------------------------------------------------------------


def test_parties_of_the_borrowing_side(facts):
    """readers and suppliers are known by their references; a supplier that borrows here, as an institution"""
    host = facts(LIBRARY, FAR, SUPPLIERS, '[[suppliers]]\nref = "CN-320500"', READER)
    assert host.party("p-17") == Party(ref="p-17", name="苏晚晴", email="su@example.org", language="zh_CN")
    assert host.party("GB-9").language == "en"
    assert host.party("CN-320500").name == "Pingjiang University Library"


def test_facts_of_a_reader(facts):
    """what the file says of a reader is what a request is checked by; what it does not say is nothing"""
    told = "expired = true\ndebarred = true\noverdue = 2\ndebt = 'CNY 12.50'\nactive = 1\nthis-year = 7\n"
    plain = BorrowingFacts(category="teacher", suppliers=("CN-CQ", "GB-9"), not_taking=("GB-9",))
    assert facts(LIBRARY, SUPPLIERS, READER).ask(draft(), None) == plain
    assert facts(LIBRARY, SUPPLIERS, READER, told).ask(draft(), None) == replace(
        plain,
        expired=True,
        debarred=True,
        overdue=2,
        debt=Money("12.50", "CNY"),
        active=1,
        this_year=7,
    )


def test_facts_of_one_request(facts):
    """what is known of one request is said in its own table, and holds for no other"""
    known = """
    [requests."B-1"]
    suppliers = ["GB-9"]
    duplicate-of = "B-0"
    held-locally = true
    requestable = false
    copies-this-year = 2
    copy-limit = 3
    """
    host = facts(LIBRARY, SUPPLIERS, READER, known)
    assert host.ask(draft(), None) == BorrowingFacts(
        category="teacher",
        suppliers=("GB-9",),
        not_taking=("GB-9",),
        duplicate_of="B-0",
        held_locally=True,
        requestable=False,
        copies_this_year=2,
        copy_limit=3,
    )
    other = host.ask(replace(draft(), case="B-2"), None)
    assert (other.suppliers, other.duplicate_of, other.held_locally) == (("CN-CQ", "GB-9"), None, False)


@pytest.mark.parametrize(
    ("service", "suppliers", "not_serving"),
    [
        (Service.LOAN, ("CN-CQ", "GB-9"), ()),
        (Service.COPY, ("GB-9",), ("CN-CQ",)),
        (Service.COPY_OR_LOAN, ("CN-CQ", "GB-9"), ()),
    ],
)
def test_suppliers_by_service(
    facts, service: Service, suppliers: tuple[str, ...], not_serving: tuple[str, ...]
):
    """those that give the service are proposed, in the order of the file; of "copy or loan", either will do"""
    found = facts(LIBRARY, SUPPLIERS, READER).ask(draft(service=service), None)
    assert (found.suppliers, found.not_serving) == (suppliers, not_serving)


def test_what_the_library_has_itself(facts):
    """what is one of the items is held locally, also where two fit, unless the request's table says otherwise"""
    other = '[[items]]\ntitle = "古城水系考"\nmaterial = "map"\n'
    for more, held in (("", True), (other, True), ('[requests."B-1"]\nheld-locally = false', False)):
        host = facts(LIBRARY, READER, BOOK, more)
        assert host.ask(draft(title="古城水系考"), None).held_locally is held
    assert host.ask(replace(draft(), case="B-2"), None).held_locally is False


def test_facts_of_a_case(facts):
    """later commands on the case get the facts of its request; the command does not matter"""
    host = facts(LIBRARY, SUPPLIERS, READER)
    take_back = TakeBack(id="c2", case="B-1", by=STAFF, happened_at=AT, recorded_at=AT)
    assert host.ask(take_back, case(CaseState.ON_LOAN)) == host.ask(draft(), None)


def test_a_reader_who_is_not_in_the_file(facts):
    """what is known of a stranger is never guessed; but what was ordered before can still go back"""
    host = facts(LIBRARY, SUPPLIERS)
    with pytest.raises(MissingValue, match="p-17"):
        host.ask(draft(), None)
    submit = Submit(id="c2", case="B-1", by=STAFF, happened_at=AT, recorded_at=AT)
    for state in CaseState:
        if state in {CaseState.DRAFT, CaseState.SUBMITTED, CaseState.BLOCKED, CaseState.IN_REVIEW}:
            with pytest.raises(MissingValue, match="no such patron"):
                host.ask(submit, case(state))
        else:
            assert host.ask(submit, case(state)).not_taking == ("GB-9",)


def test_the_rules_of_lenders(facts):
    """the suppliers whose rulebooks are named, and no others"""
    assert facts(LIBRARY, SUPPLIERS).lenders == {"CN-CQ": "nlc/interlibrary-loan"}
    assert facts(LIBRARY).lenders == {}


# --- mistakes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tables", "where", "found"),
    [
        ("", "library", "nothing"),
        ("library = 3", "library", "3"),
        (LIBRARY.replace('id = "CN-NLC"', ""), "library.id", "nothing"),
        (LIBRARY.replace('"CN-NLC"', '" "'), "library.id", "' '"),
        (LIBRARY.replace('"国家图书馆"', "3"), "library.name", "3"),
        (LIBRARY.replace('"国家图书馆"', "{x = 1}"), "library.name", "{'x': 1}"),
        (LIBRARY.replace("zh_CN", "zh"), "library.language", "'zh'"),
        (LIBRARY.replace("ill@", ""), "library.email", "'example.cn'"),
        (LIBRARY.replace("ill@", "ill@@"), "library.email", "'ill@@example.cn'"),
        (LIBRARY.replace("ill@", "i ll@"), "library.email", "'i ll@example.cn'"),
        (LIBRARY.replace("ill@", "ill@x\\n"), "library.email", "'ill@x\\nexample.cn'"),
        (LIBRARY + "phone = 1\n", "library.phone", "an unknown field"),
        (LIBRARY + "[libraries]\n", "libraries", "an unknown field"),
        (LIBRARY + "[[institutions]]\n", "institutions", "[{}]"),
        (LIBRARY + "[institutions]\nA = 1\n", "institutions.A", "1"),
        (LIBRARY + NEAR.replace("same_city", "near"), "institutions.CN-110108.place", "'near'"),
        (LIBRARY + NEAR.replace('"same_city"', "1"), "institutions.CN-110108.place", "1"),
        (LIBRARY + NEAR.replace("CN-110108", "CN-NLC"), "institutions.CN-NLC", "the library's own id"),
        (LIBRARY + NEAR + 'city = "广州"\n', "institutions.CN-110108.city", "'广州', same_city"),
        (LIBRARY + FAR.replace("苏州", "北京"), "institutions.CN-320500.city", "'北京', elsewhere"),
        (LIBRARY + "[unknown]\n", "unknown.kind", "nothing"),
        (LIBRARY + "[unknown]\nkind = 'x'\n", "unknown.kind", "'x'"),
        (LIBRARY + "[items]\n", "items", "{}"),
        (LIBRARY + BOOK + "ISBN = 1\n", "items[0].ISBN", "an unknown field"),
        (LIBRARY + BOOK + "catalogued_on = 2025-01-01\n", "items[0].catalogued_on", "an unknown field"),
        (LIBRARY + BOOK + "catalogued-on = '2025'\n", "items[0].catalogued-on", "'2025'"),
        (LIBRARY + BOOK + "catalogued-on = 2025-01-01T08:00:00\n", "items[0].catalogued-on", "2025-01-01 08:00:00"),
        (LIBRARY + BOOK + "base-collection = 1\n", "items[0].base-collection", "1"),
        (LIBRARY + BOOK + "reserved = -1\n", "items[0].reserved", "-1"),
        (LIBRARY + BOOK + "reserved = true\n", "items[0].reserved", "True"),
        (LIBRARY + BOOK + "reserved = 1.0\n", "items[0].reserved", "1.0"),
        (LIBRARY + BOOK + "held-locally-in = '北京'\n", "items[0].held-locally-in", "'北京'"),
        (LIBRARY + BOOK.replace('"OCLC:777"', "777"), "items[0].ids[1]", "777"),
        (LIBRARY + BOOK + "[[items]]\nmaterial = 'map'\n", "items[1]", "neither ids nor a title"),
        (LIBRARY + BOOK * 2, "items[1].ids", "'ISBN:978-7-9999-0001-6', as in items[0]"),
        (LIBRARY + "[international-slips]\na = ''\n", "international-slips.a", "''"),
        (LIBRARY + "[suppliers]\n", "suppliers", "{}"),
        (LIBRARY + "[[suppliers]]\n", "suppliers[0].ref", "nothing"),
        (LIBRARY + "[[suppliers]]\nref = 'A'\n", "suppliers[0].name", "nothing"),
        (LIBRARY + FAR + SUPPLIERS.replace("GB-9", "CN-320500"), "suppliers[1].name", "'Harbour'"),
        (LIBRARY + SUPPLIERS.replace("GB-9", "CN-CQ"), "suppliers[1].ref", "'CN-CQ', as in suppliers[0]"),
        (LIBRARY + SUPPLIERS.replace("GB-9", "CN-NLC"), "suppliers[1].ref", "the library's own id"),
        (LIBRARY + SUPPLIERS.replace('"Loan"', '"Film"'), "suppliers[0].services[0]", "'Film'"),
        (LIBRARY + SUPPLIERS.replace("true", "'yes'"), "suppliers[1].closed", "'yes'"),
        (LIBRARY + SUPPLIERS.replace("cq@", ""), "suppliers[0].email", "'example.org'"),
        (LIBRARY + READER.replace("teacher", " "), "patrons.p-17.category", "' '"),
        (LIBRARY + READER.replace('category = "teacher"', ""), "patrons.p-17.category", "nothing"),
        (LIBRARY + READER + "debt = 12.50\n", "patrons.p-17.debt", "12.50"),
        (LIBRARY + READER + "debt = '12.50'\n", "patrons.p-17.debt", "'12.50'"),
        (LIBRARY + READER + "debt = 'CNY -1'\n", "patrons.p-17.debt", "'CNY -1'"),
        (LIBRARY + READER + "debt = 'CNY 1.234'\n", "patrons.p-17.debt", "'CNY 1.234'"),
        (LIBRARY + READER + "active = -1\n", "patrons.p-17.active", "-1"),
        (LIBRARY + READER + "this_year = 1\n", "patrons.p-17.this_year", "an unknown field"),
        (LIBRARY + READER.replace("p-17", "CN-NLC"), "patrons.CN-NLC", "the reference of a library"),
        (LIBRARY + SUPPLIERS + READER.replace("p-17", "GB-9"), "patrons.GB-9", "the reference of a library"),
        (LIBRARY + NEAR + READER.replace("p-17", "CN-110108"), "patrons.CN-110108", "the reference of a library"),
        (LIBRARY + '[requests."B-1"]\nsuppliers = ["XX"]\n', "requests.B-1.suppliers", "'XX'"),
        (LIBRARY + '[requests."B-1"]\ncopy-limit = -1\n', "requests.B-1.copy-limit", "-1"),
    ],
)  # fmt: skip
def test_every_mistake_has_its_place(facts, tables: str, where: str, found: str):
    """a mistake is reported with its key path and what stands there"""
    assert mistakes(facts, tables)[0] == (where, found)


def test_all_mistakes_at_once(facts):
    """a file with six mistakes is refused once, with all six"""
    tables = (
        LIBRARY.replace("zh_CN", "zh"),
        NEAR.replace("same_city", "near").replace("university_library", "school"),
        FAR.replace("ill@", ""),
        BOOK + "reserved = -1\n",
        "[[items]]\nmaterial = 1\n",
    )
    assert [where for where, _ in mistakes(facts, *tables)] == [
        "library.language",
        "institutions.CN-110108.kind",
        "institutions.CN-110108.place",
        "institutions.CN-320500.email",
        "items[0].reserved",
        "items[1].material",
    ]


def test_what_is_expected_is_said(facts):
    """a choice that is none is answered with those that there are"""
    with pytest.raises(InvalidFacts, match="expected one of same_city, elsewhere, abroad"):
        facts(LIBRARY, NEAR.replace("same_city", "near"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[library", "TOML 1.0"),
        (b"\xff\xfe", "UTF-8"),
        (b"x = " + b"[" * 10_000, "TOML 1.0"),
        (b"x = " + b"9" * 5000, "TOML 1.0"),
        (b"x = 2026-13-01", "TOML 1.0"),
        (b"a = 1\na = 2", "TOML 1.0"),
    ],
)
def test_what_is_no_toml(tmp_path: Path, content: bytes, expected: str):
    """a file that is no TOML in UTF-8 is refused as a whole"""
    path = tmp_path / "host.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidFacts) as caught:
        FactsFile(path)
    [problem] = caught.value.problems
    assert (problem.where, problem.expected) == ("the file", expected)


def test_what_is_no_file(tmp_path: Path):
    """a file that is not there, or is a folder, is refused with the system's word for it"""
    for path, found in ((tmp_path / "none.toml", "No such file"), (tmp_path, "directory")):
        with pytest.raises(InvalidFacts, match=found):
            FactsFile(path)
