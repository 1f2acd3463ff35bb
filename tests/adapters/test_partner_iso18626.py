from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from servflow.adapters.partner_iso18626 import MOST_BYTES, read_request
from servflow.core.changes import Actor, Office
from servflow.core.errors import InvalidMessage, InvalidValue, MissingExtra
from servflow.core.ill.lending.commands import ReceiveRequest
from servflow.core.ill.terms import Level, Service
from servflow.core.money import Money

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT.parent / "shared" / "reference" / "iso18626"  # beside a checkout, or not there at all
SAMPLES = sorted(
    path
    for path in (REFERENCE / "oclc-circill-toolkit").glob("*.xml")
    if path.name.startswith(("NewRequest", "RequestFull", "RequestSample"))
)
EXAMPLES = sorted((ROOT / "examples" / "requests").glob("*.xml"))

NAMESPACE = "http://illtransactions.org/2013/iso18626"
RECEIVED = datetime(2026, 1, 28, 1, 0, tzinfo=UTC)

HEADER = """
  <supplyingAgencyId>
    <agencyIdType>ISIL</agencyIdType><agencyIdValue>CN-NLC</agencyIdValue>
  </supplyingAgencyId>
  <requestingAgencyId>
    <agencyIdType>ISIL</agencyIdType><agencyIdValue>CN-110108</agencyIdValue>
  </requestingAgencyId>
  <multipleItemRequestId/>
  <timestamp>2026-01-26T09:12:40+08:00</timestamp>
  <requestingAgencyRequestId>2026-0117</requestingAgencyRequestId>
"""
BOOK = "<title>古城水系考</title>"
FIRST_ID = "iso18626:64c868c56d3e85219b1be47c0d8dd16dee74700cdabf2a274ac219464f148ec9"
"""The id of the plain message as the first release read it: it is stored in journals."""
SERVICE = "<requestType>New</requestType><serviceType>Loan</serviceType>"


def message(header: str = HEADER, book: str = BOOK, service: str = SERVICE, more: str = "") -> str:
    return (
        f'<ISO18626Message xmlns="{NAMESPACE}" xmlns:ill="{NAMESPACE}" ill:version="1.2"><request>'
        f"<header>{header}</header><bibliographicInfo>{book}</bibliographicInfo>"
        f"<serviceInfo>{service}</serviceInfo>{more}</request></ISO18626Message>"
    )


def read(text: str | bytes, *, received_at: datetime = RECEIVED) -> ReceiveRequest:
    return read_request(text.encode() if isinstance(text, str) else text, received_at=received_at)


def refused(text: str | bytes) -> list[tuple[str, str, str]]:
    with pytest.raises(InvalidMessage) as caught:
        read(text)
    return [(problem.where, problem.found, problem.expected) for problem in caught.value.problems]


def places(text: str | bytes) -> list[str]:
    return [where.removeprefix("ISO18626Message/request/") for where, _, _ in refused(text)]


# --- what is read ---------------------------------------------------------------------------------


def test_a_request_becomes_one_command():
    """a request with all that is read becomes one command with all of it"""
    card = (
        "<requestingAgencyAuthentication><accountId>NLC-ILL-0108</accountId>"
        "<securityCode>secret</securityCode></requestingAgencyAuthentication>"
    )
    book = """
      <supplierUniqueRecordId>b1234</supplierUniqueRecordId>
      <title>古城水系考</title><author>周明远</author><edition>第2版</edition><volume>上册</volume>
      <bibliographicItemId><bibliographicItemIdentifier>978-7-9999-0001-6</bibliographicItemIdentifier>
        <bibliographicItemIdentifierCode>isbn</bibliographicItemIdentifierCode></bibliographicItemId>
      <bibliographicRecordId><bibliographicRecordIdentifierCode>OCLC</bibliographicRecordIdentifierCode>
        <bibliographicRecordIdentifier>777</bibliographicRecordIdentifier></bibliographicRecordId>"""
    more = (
        "<publicationInfo><publisher>燕北书社</publisher>"
        "<publicationDate>2011</publicationDate></publicationInfo>"
    )
    service = f"{SERVICE}<needBeforeDate>2026-03-20T00:00:00+08:00</needBeforeDate><note> 一\n  二 </note>"
    command = read(message(HEADER + card, book, service, more))
    assert command.case == "CN-110108/2026-0117"
    assert (command.requester, command.supplier) == ("CN-110108", "CN-NLC")
    assert command.request_id == "2026-0117"
    assert command.by == Actor("CN-110108", "CN-110108", Office.SYSTEM)
    assert command.happened_at == datetime(2026, 1, 26, 1, 12, 40, tzinfo=UTC)
    assert command.happened_at.tzinfo is UTC
    assert command.recorded_at == RECEIVED
    assert command.card == "NLC-ILL-0108"
    assert command.need_before == date(2026, 3, 20)
    assert command.note == "一\n二"
    asked = command.requested
    assert (asked.title, asked.author, asked.edition) == ("古城水系考", "周明远", "第2版")
    assert (asked.volume, asked.publisher, asked.year) == ("上册", "燕北书社", "2011")
    assert asked.record_ids == ("SUPPLIER:b1234", "ISBN:9787999900016", "OCLC:777")


def test_the_least_that_is_enough():
    """a request with only what is needed is read, the rest is absent"""
    command = read(message(service="<serviceType>CopyOrLoan</serviceType>"))
    assert command.card is None
    assert command.need_before is None
    assert command.note == ""
    assert command.requested.record_ids == ()


def test_the_host_says_who_handed_it_in():
    """the actor is whom the host has authenticated, where it says so"""
    broker = Actor("BROKER", "CN-110108", Office.SYSTEM)
    assert read_request(message().encode(), received_at=RECEIVED, by=broker).by == broker


@pytest.mark.parametrize("path", EXAMPLES + SAMPLES, ids=lambda path: path.name)
def test_real_messages_are_read(path: Path):
    """every request among the examples, and among others' samples where they are at hand, is read"""
    command = read_request(path.read_bytes(), received_at=datetime(2026, 2, 1, tzinfo=UTC))
    assert command.case == f"{command.requester}/{command.request_id}"
    assert command.requested.title
    assert command.happened_at < command.recorded_at


def test_the_examples_are_seven():
    """the examples are all there"""
    assert len(EXAMPLES) == 7


def test_the_examples_are_valid():
    """the examples are valid by the schema, where that is at hand"""
    for schema in REFERENCE.glob("ISO-18626-v1_2.xsd"):
        check = etree.XMLSchema(etree.parse(schema))
        assert [path.name for path in EXAMPLES if not check.validate(etree.parse(path))] == []


def test_others_messages_look_like_this():
    """empty optional elements, a version of any kind, several delivery addresses do no harm"""
    header = HEADER.replace("ISIL</agencyIdType>", "ISIL </agencyIdType>")
    book = "<title>Something about elephants</title><edition/><bibliographicItemId/>"
    more = (
        "<supplierInfo><sortOrder>2</sortOrder></supplierInfo>"
        "<requestedDeliveryInfo><sortOrder>1</sortOrder></requestedDeliveryInfo><requestedDeliveryInfo/>"
        "<billingInfo><maximumCosts><monetaryValue>99.99</monetaryValue></maximumCosts></billingInfo>"
    )
    service = (
        "<requestType>New</requestType><requestSubType>TransferRequest</requestSubType>"
        "<serviceType>CopyOrLoan</serviceType><needBeforeDate/><anyEdition>Y</anyEdition><note/>"
    )
    command = read(message(header, book, service, more).replace('ill:version="1.2"', ""))
    assert command.requested.title == "Something about elephants"
    assert command.requested.edition == ""
    assert command.requested.record_ids == ()


@pytest.mark.parametrize(
    "text",
    [
        message().replace('ill:version="1.2"', 'version="1.2"'),
        message().replace('ill:version="1.2"', 'ill:version="v1_2_2017"'),
        message().replace('ill:version="1.2"', 'version=""'),
        message().replace('ill:version="1.2"', ""),
        message().replace(NAMESPACE, "http://example.org/another/namespace"),
        message().replace(f'xmlns="{NAMESPACE}"', ""),
        message().replace("<", "<ill:").replace("<ill:/", "</ill:"),
        message().replace("<request>", "<!-- a comment --><?target text?><request>"),
        message().replace("2026-0117", "\n   2026-0117\t"),
        message().replace("2026-0117", "<![CDATA[2026-0117]]>"),
        message().replace("2026-0117", "2026<!-- a comment -->-0117"),
        message().replace("<multipleItemRequestId/>", ""),
        message().replace("<title>", "<unknown><title>no</title></unknown><title>"),
        message().replace("<request>", "<extension/><request>"),
        message().replace("><", ">\n<"),
        message().replace("<requestType>New</requestType>", "<requestType/>"),
    ],
)
def test_form_makes_no_difference(text: str):
    """prefixes, namespaces, the version attribute, comments, white space, unknown elements: all one"""
    assert read(text) == read(message())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk", "big5"])
def test_encodings(encoding: str):
    """the encoding is the one that the XML declares"""
    title = "古城水系" + ("" if encoding in ("gbk", "big5") else "𠀀㐀")
    declared = {"utf-8-sig": "utf-8", "utf-16-le": "utf-16"}.get(encoding, encoding)
    text = f'<?xml version="1.0" encoding="{declared}"?>' + message(book=f"<title>{title}</title>")
    assert read(text.encode(encoding)).requested.title == title


def test_repeated_texts_are_joined():
    """what the later edition allows several times is read as one text"""
    assert read(message(book=f"{BOOK}<volume>1</volume><volume>2</volume>")).requested.volume == "1; 2"


def test_texts_are_made_fit_for_a_line():
    """line breaks and control characters in a title become single spaces"""
    title = "古城\n   水系\u0085考 \u009b2J"
    assert read(message(book=f"<title>{title}</title>")).requested.title == "古城 水系 考 2J"


def test_record_ids():
    """a record id without a code is taken bare, one without an id not at all, one given twice once"""
    item = "<bibliographicItemId>{}</bibliographicItemId>"
    one = item.format("<bibliographicItemIdentifier>12-3</bibliographicItemIdentifier>")
    none = item.format("<bibliographicItemIdentifierCode>ISBN</bibliographicItemIdentifierCode>")
    assert read(message(book=one + none + one)).requested.record_ids == ("12-3",)


def test_readers_are_nobodys_business():
    """nothing about the reader, and no password, is in the command, not even in its id"""
    reader = "<patronInfo><patronId>4711</patronId><surname>张</surname></patronInfo>"
    assert read(message(more=reader)) == read(message())
    assert read(message(more=reader.replace("4711", "4712"))) == read(message())
    card = "<requestingAgencyAuthentication>{}</requestingAgencyAuthentication>"
    secret = HEADER + card.format("<securityCode>secret</securityCode>")
    assert read(message(secret)) == read(message())


# --- agencies, ids, times -------------------------------------------------------------------------


def agency(kind: str, value: str) -> str:
    wanted = "<agencyIdType>ISIL</agencyIdType><agencyIdValue>CN-110108</agencyIdValue>"
    given = f"<agencyIdType>{kind}</agencyIdType><agencyIdValue>{value}</agencyIdValue>"
    return message(HEADER.replace(wanted, given))


@pytest.mark.parametrize(
    ("kind", "value", "reference", "case"),
    [
        ("ISIL", "DE-25-122", "DE-25-122", "DE-25-122/2026-0117"),
        ("isil", "CN-110108", "CN-110108", "CN-110108/2026-0117"),
        ("READER", "B1", "READER:B1", "READER:B1/2026-0117"),
        ("reader", "B1", "READER:B1", "READER:B1/2026-0117"),
        ("ISIL", "READER:B1", "ISIL:READER:B1", "ISIL:READER:B1/2026-0117"),
        ("ISIL", "DE-1/2%", "DE-1/2%", "DE-1%2F2%25/2026-0117"),
    ],
)
def test_agency_references(kind: str, value: str, reference: str, case: str):
    """an ISIL stands alone, any other id has its type before it; no two agencies share a case"""
    command = read(agency(kind, value))
    assert (command.requester, command.case) == (reference, case)


names = st.text("AB:/-%", min_size=1, max_size=4)
kinds = st.sampled_from(["ISIL", "A", "B", "A-B", "A/B"])


@given(st.tuples(kinds, names, names), st.tuples(kinds, names, names))
@example(("ISIL", "A/B", "A"), ("ISIL", "A", "B/A"))
@example(("ISIL", "A:B", "A"), ("A", "B", "A"))
def test_no_two_requests_share_a_case(one: tuple[str, str, str], other: tuple[str, str, str]):
    """agency and request id can be told from the case: different ones never give the same case"""
    cases = [read(agency(kind, value).replace("2026-0117", id)).case for kind, value, id in (one, other)]
    assert (cases[0] == cases[1]) == (one == other)


def test_the_same_message_is_the_same_command():
    """read again later, a message gives the command of the same id; formatted anew as well"""
    later = read(message(), received_at=RECEIVED + timedelta(days=1))
    assert later.id == read(message()).id == read(message().replace("><", ">\n  <")).id
    assert later.happened_at == read(message()).happened_at
    assert later.id.startswith("iso18626:")
    assert len(later.id) == len("iso18626:") + 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2026-0117", "2026-0118"),
        ("CN-110108", "CN-110109"),
        ("CN-NLC", "CN-SLC"),
        ("09:12:40", "09:12:41"),
        ("古城", "古镇"),
        ("New", "Retry"),
        ("<serviceType>Loan", "<serviceType>CopyOrLoan"),
        ("<serviceType>", "<note>x</note><serviceType>"),
        ("<serviceType>", "<needBeforeDate>2026-03-01</needBeforeDate><serviceType>"),
    ],
)
def test_another_message_is_another_command(old: str, new: str):
    """whatever differs in what is read gives another command id"""
    assert read(message().replace(old, new, 1)).id != read(message()).id


def test_another_request_under_the_same_id_meets_the_first():
    """a second, different request under the same id is for the same case, so it can be refused"""
    second = read(message(book="<title>另一本书</title>"))
    assert second.case == read(message()).case
    assert second.id != read(message()).id


def test_a_clock_that_is_ahead():
    """a message from the future keeps its timestamp, so that a later delivery is still the same one"""
    sent = datetime(2026, 1, 26, 1, 12, 40, tzinfo=UTC)
    early = read(message(), received_at=sent - timedelta(days=1))
    assert (early.happened_at, early.recorded_at) == (sent, sent)
    assert read(message(), received_at=sent + timedelta(days=2)).happened_at == sent


def test_a_clock_too_far_ahead():
    """a message from more than a day ahead is refused, and the latest instant taken is named"""
    late = datetime(2026, 1, 25, 1, 12, 39, tzinfo=UTC)
    with pytest.raises(InvalidMessage) as caught:
        read(message(), received_at=late)
    (problem,) = caught.value.problems
    assert "timestamp" in problem.where
    assert "2026-01-26T01:12:39" in problem.expected


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-26T01:12:40Z", datetime(2026, 1, 26, 1, 12, 40, tzinfo=UTC)),
        ("2026-01-26T01:12:40.5Z", datetime(2026, 1, 26, 1, 12, 40, 500000, tzinfo=UTC)),
        ("2026-01-26T01:12:40.1234567Z", datetime(2026, 1, 26, 1, 12, 40, 123456, tzinfo=UTC)),
        ("2026-01-25T24:00:00Z", datetime(2026, 1, 26, tzinfo=UTC)),
        ("2026-01-25T24:00:00.00-01:00", datetime(2026, 1, 26, 1, tzinfo=UTC)),
    ],
)
def test_timestamps(text: str, at: datetime):
    """a timestamp is an xs:dateTime in any offset, with any fraction, midnight also as 24:00:00"""
    assert read(message(HEADER.replace("2026-01-26T09:12:40+08:00", text))).happened_at == at


@pytest.mark.parametrize(
    "text",
    [
        *("yesterday", "2026-01-26", "2026-02-30T00:00:00Z", "2026-01-26T25:00:00Z", "20260126T091240Z"),
        *(
            "2026-01-26T24:00:01Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T24:00:00Z",
            "0000-01-01T00:00:00Z",
        ),
        *(
            "2026-01-26T09:12:40+24:00",
            "2026-01-26 09:12:40Z",
            "2026-W05-1T09:12:40Z",
            "-2026-01-26T00:00:00Z",
        ),
        *("２026-01-26T09:12:40Z", "12026-01-26T09:12:40Z"),
    ],
)
def test_what_is_no_timestamp(text: str):
    """what is no instant, or none that can be calculated with, is refused at its place"""
    wrong = message(HEADER.replace("2026-01-26T09:12:40+08:00", text))
    expected = "an instant such as 2026-01-26T09:30:00+08:00"
    assert refused(wrong) == [("ISO18626Message/request/header/timestamp", repr(text), expected)]


def test_a_naive_timestamp_is_told_so():
    """a timestamp without an offset is refused, and the error says what is missing"""
    [(where, found, expected)] = refused(message(HEADER.replace("+08:00", "")))
    assert where == "ISO18626Message/request/header/timestamp"
    assert found == "'2026-01-26T09:12:40'"
    assert expected.endswith("with its offset from UTC")


@pytest.mark.parametrize(
    "text",
    ["2026-03-01T00:00:00+08:00", "2026-03-01T23:59:59-12:00", "2026-03-01T00:00:00", "2026-03-01"],
)
def test_need_before_is_the_day_it_says(text: str):
    """the day needed by is the one in the message's own offset; without an offset it is clear too"""
    command = read(message(service=f"{SERVICE}<needBeforeDate>{text}</needBeforeDate>"))
    assert command.need_before == date(2026, 3, 1)


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (message().replace("header>", "head>"), "header"),
        (message().replace("bibliographicInfo", "book"), "bibliographicInfo"),
        (message().replace("serviceInfo", "service"), "serviceInfo"),
        (message(HEADER.replace("supplyingAgencyId", "x")), "header/supplyingAgencyId"),
        (message(HEADER.replace("requestingAgencyId", "x")), "header/requestingAgencyId"),
        (message(HEADER.replace("requestingAgencyRequestId", "x")), "header/requestingAgencyRequestId"),
        (message(HEADER.replace("timestamp", "x")), "header/timestamp"),
        (agency("", "CN-110108"), "header/requestingAgencyId/agencyIdType"),
        (agency("ISIL", " "), "header/requestingAgencyId/agencyIdValue"),
        (agency("A:B", "1"), "header/requestingAgencyId/agencyIdType"),
        (agency("ISIL", "x" * 251), "header/requestingAgencyId/agencyIdValue"),
        (message().replace("2026-0117", ""), "header/requestingAgencyRequestId"),
        (message(HEADER + "<timestamp/>"), "header/timestamp"),
        (message(book="<author>周明远</author>"), "bibliographicInfo"),
        (message(book="<title> </title>"), "bibliographicInfo"),
        (message(service="<requestType>New</requestType>"), "serviceInfo/serviceType"),
        (message(service="<serviceType>loan</serviceType>"), "serviceInfo/serviceType"),
        (message(service=SERVICE + "<serviceType>Copy</serviceType>"), "serviceInfo/serviceType"),
        (message(service=SERVICE.replace("New", "Reminder")), "serviceInfo/requestType"),
        (message(service=f"{SERVICE}<needBeforeDate>soon</needBeforeDate>"), "serviceInfo/needBeforeDate"),
    ],
)
def test_what_is_missing_or_wrong_is_named(text: str, place: str):
    """a single mistake gives a single problem, at its place"""
    assert places(text) == [place]


def test_what_is_needed_once():
    """what is needed stands there once; two of them are not a choice"""
    assert [(where.rpartition("/")[2], found) for where, found, _ in refused(message(HEADER * 2))] == [
        ("requestingAgencyId", "2 of them"),
        ("supplyingAgencyId", "2 of them"),
        ("requestingAgencyRequestId", "2 of them"),
        ("timestamp", "2 of them"),
    ]


def test_another_service_is_not_served():
    """a service that ISO 18626 does not have is refused in so many words"""
    [(_, found, expected)] = refused(message(service="<serviceType>Scan</serviceType>"))
    assert found == "'Scan'"
    assert expected == "Loan or Copy or CopyOrLoan"


def test_a_copy_is_asked_for_with_its_pages():
    """service, level, what it may cost and which part is wanted come with a request for a copy"""
    book = f"{BOOK}<titleOfComponent>水门考</titleOfComponent><pagesRequested>112-130</pagesRequested>"
    service = (
        "<requestType>Retry</requestType><requestingAgencyPreviousRequestId>41</requestingAgencyPreviousRequestId>"
        "<serviceType>Copy</serviceType><serviceLevel>rush</serviceLevel>"
    )
    costs = (
        "<billingInfo><maximumCosts><currencyCode>CNY</currencyCode>"
        "<monetaryValue>22.5</monetaryValue></maximumCosts></billingInfo>"
    )
    command = read(message(book=book, service=service, more=costs))
    assert (command.service, command.level) == (Service.COPY, Level.RUSH)
    assert command.max_cost == Money("22.50", "CNY")
    assert (command.requested.article, command.requested.pages) == ("水门考", "112-130")
    assert command.previous == "41"


def test_what_a_request_may_cost_makes_it_another_one():
    """each of what a copy brings with it belongs to the message's identity; without it, the id is as ever"""
    plain = read(message())
    others = [
        message(book=f"{BOOK}<titleOfComponent>a</titleOfComponent>"),
        message(book=f"{BOOK}<pagesRequested>a</pagesRequested>"),
        message(service=f"{SERVICE}<serviceLevel>Express</serviceLevel>"),
        message(service=f"{SERVICE}<requestingAgencyPreviousRequestId>a</requestingAgencyPreviousRequestId>"),
        message(more=_costs("CNY", "1")),
        message(more=_costs("CNY", "2")),
    ]
    ids = {read(text).id for text in others}
    assert len(ids | {plain.id}) == len(others) + 1
    assert plain.id == FIRST_ID


@pytest.mark.parametrize(
    "costs",
    [
        ("cny", "1"),
        ("CNY", "x"),
        ("CNY", "0.001"),
        ("CNY", "-1"),
        ("CNY", "1_0"),
        ("CNY", "1E+3"),
        ("CNY", "５"),
    ],
)
def test_costs_that_are_none_are_named(costs: tuple[str, str]):
    """a currency or an amount that is none is a problem at its place"""
    assert places(message(more=_costs(*costs))) == ["billingInfo/maximumCosts"]


def test_costs_without_an_amount_are_none():
    """an empty element is as good as absent, and so is an amount of no currency"""
    assert read(message(more=_costs("CNY", ""))).max_cost is None
    assert read(message(more=_costs("", "1"))).max_cost is None


def _costs(currency: str, amount: str) -> str:
    return (
        f"<billingInfo><maximumCosts><currencyCode>{currency}</currencyCode>"
        f"<monetaryValue>{amount}</monetaryValue></maximumCosts></billingInfo>"
    )


def test_all_mistakes_at_once():
    """a message with many mistakes is refused once, with every one"""
    header = HEADER.replace("+08:00", "").replace("CN-NLC", "").replace("2026-0117", "")
    service = (
        "<requestType>Reminder</requestType><serviceType>Scan</serviceType><needBeforeDate>x</needBeforeDate>"
    )
    assert places(message(header, "<author>x</author>", service)) == [
        "header/supplyingAgencyId/agencyIdValue",
        "header/requestingAgencyRequestId",
        "header/timestamp",
        "bibliographicInfo",
        "serviceInfo/requestType",
        "serviceInfo/serviceType",
        "serviceInfo/needBeforeDate",
    ]


@pytest.mark.parametrize(
    ("text", "where", "found"),
    [
        (
            message().replace("request>", "supplyingAgencyMessage>"),
            "ISO18626Message",
            "'supplyingAgencyMessage'",
        ),
        (message().replace("request>", "requestConfirmation>"), "ISO18626Message", "'requestConfirmation'"),
        (message().replace("request>", "other>"), "ISO18626Message", "'other'"),
        ("<ISO18626Message/>", "ISO18626Message", "'nothing'"),
        (
            message().replace("</request>", "</request><requestingAgencyMessage/>"),
            "ISO18626Message",
            "'request, requestingAgencyMessage'",
        ),
        (message().replace("</request>", "</request><request/>"), "ISO18626Message", "'request, request'"),
        ("<request/>", "request", "'request'"),
        ("<html><body/></html>", "html", "'html'"),
    ],
)
def test_other_messages_are_named(text: str, where: str, found: str):
    """what is no request is refused with the name of what it is"""
    [problem] = refused(text)
    assert problem[:2] == (where, found)


def test_long_finds_are_shortened():
    """an error shows no more of a stranger's text than is needed"""
    [(_, found, _)] = refused(message(service=f"<serviceType>{'x' * 5000}</serviceType>"))
    assert len(found) < 100


# --- hostile input --------------------------------------------------------------------------------

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE ISO18626Message>",
        '<!DOCTYPE ISO18626Message SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE ISO18626Message PUBLIC "-//X//Y" "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE ISO18626Message [<!ENTITY t SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE ISO18626Message [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>',
        f'<!DOCTYPE ISO18626Message [<!ENTITY l0 "ha">{LAUGHS}<!ENTITY t "&l9;">]>',
        "<!DOCTYPE ISO18626Message [<!ENTITY broken",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_every_doctype_is_refused(doctype: str, encoding: str):
    """a document type declaration of any kind, in any encoding, ends the reading"""
    text = doctype + message(book="<title>&t;</title>")
    assert refused(text.encode(encoding)) == [
        ("the message", "a DOCTYPE", "XML without a document type declaration")
    ]


def test_an_entity_is_never_a_text():
    """a reference to an entity that nobody declared is an error, not an empty title"""
    [(_, _, expected)] = refused(message(book="<title>a &t; b</title>"))
    assert expected == "well-formed XML"


def test_nothing_is_included(tmp_path: Path):
    """XInclude is not run"""
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    include = (
        f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{secret.as_uri()}" parse="text"/>'
    )
    assert places(message(book=f"<title>{include}</title>")) == ["bibliographicInfo"]


def test_the_size_limit():
    """a message of exactly the limit is read, one byte more is refused before it is parsed"""
    text = message().encode()
    assert read(text + b" " * (MOST_BYTES - len(text))) == read(text)
    over = b"<" * (MOST_BYTES + 1)
    assert refused(over) == [("the message", f"{MOST_BYTES + 1} bytes", f"at most {MOST_BYTES} bytes")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"\x00",
        b"not XML at all",
        b"<a>" * 1000 + b"</a>" * 1000,
        b"<a" + b" a='1'" * 2,
        message().encode()[:-1],
        message().encode() + b"<more/>",
        message().encode("utf-16")[:-1],
        message().encode("gb18030"),
        b'<?xml version="1.0" encoding="no-such-encoding"?><a/>',
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        b'<?xml version="9.0"?><a',
        b"<a>\xed\xa0\x80</a>",
        b"<" + b"a" * 100_000,
    ],
)
def test_what_is_no_xml(data: bytes):
    """what is no well-formed XML is refused with the parser's word for it, and the place"""
    [(where, found, expected)] = refused(data)
    assert where.startswith("line ")
    assert found
    assert expected == "well-formed XML"


def only_the_promised_error(data: bytes) -> None:
    try:
        problems: object = read_request(data, received_at=RECEIVED)
    except InvalidMessage as error:
        problems = error.problems
    assert problems


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes):
    """whatever bytes come, they are read or refused"""
    only_the_promised_error(data)
    only_the_promised_error(b'<?xml version="1.0"?><a>' + data + b"</a>")


@given(st.data())
def test_damaged_messages(data: st.DataObject):
    """a message with bytes cut out, put in or doubled anywhere is read or refused"""
    text = data.draw(st.sampled_from(EXAMPLES)).read_bytes()
    for _ in range(data.draw(st.integers(1, 3))):
        start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
        stop = data.draw(st.sampled_from([stop, min(stop, start + 3)]))
        put = data.draw(st.one_of(st.binary(max_size=5), st.just(text[start:stop] * 2)))
        text = text[:start] + put + text[stop:]
    only_the_promised_error(text)


anything = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), max_size=10)
likely = st.sampled_from(
    ["", " ", "ISIL", "Loan", "Copy", "Retry", "2026-13-01", "0001-01-01T00:00:00+14:00", "x" * 300, "a:b/c"]
)
edits = st.tuples(st.integers(1, 40), st.sampled_from(["drop", "double"]) | st.tuples(anything | likely))


@given(st.sampled_from([path.read_bytes() for path in EXAMPLES]), st.lists(edits, max_size=6))
def test_messages_with_other_contents(text: bytes, edits: list[tuple[int, str | tuple[str]]]):
    """a message whose elements are emptied, doubled, dropped or filled with anything is read or refused"""
    root = etree.fromstring(text)
    elements = list(root.iter("{*}*"))
    for number, edit in edits:
        element = elements[number % len(elements)]
        parent = element.getparent()
        if parent is None:
            continue
        if edit == "drop":
            parent.remove(element)
        elif edit == "double":
            parent.append(etree.fromstring(etree.tostring(element, with_tail=False)))
        else:
            element.text = edit[0]
    only_the_promised_error(etree.tostring(root))


# --- mistakes of the host -------------------------------------------------------------------------


def test_a_naive_time_of_receipt():
    """when it was received is an aware instant"""
    with pytest.raises(InvalidValue, match="received_at"):
        read(message(), received_at=datetime(2026, 1, 28))
    east = datetime(2026, 1, 28, 9, 0, tzinfo=timezone(timedelta(hours=8)))
    assert read(message(), received_at=east).recorded_at == RECEIVED


def test_only_bytes_are_read():
    """a text is no message: its encoding has been decided already"""
    with pytest.raises(TypeError, match="str"):
        read_request(message(), received_at=RECEIVED)  # type: ignore[arg-type]


def test_without_lxml(monkeypatch: pytest.MonkeyPatch):
    """without lxml the error names the extra that brings it"""
    monkeypatch.setitem(sys.modules, "lxml", None)
    with pytest.raises(MissingExtra, match=r"servflow\[iso18626\]"):
        read(message())
