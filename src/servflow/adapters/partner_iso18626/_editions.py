"""The two editions of ISO 18626: which element has which children, in which order, of which type.

This file is the specification of what is written. Both editions share one namespace, and neither is
valid by the other's schema; so what is sent goes by the edition of who receives it. What is read goes
by local names alone. A row lists an element's children in their order: ``?`` at most one, ``*`` any
number, ``|`` one of them.

Source: the schemas of ISO 18626, versions 1.2 (2017) and 2021-2 (2022).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

__all__ = [
    "ACTION",
    "CONFIRMATIONS",
    "MESSAGES",
    "NAMESPACE",
    "REASON",
    "REQUEST",
    "REQUESTING",
    "STATUS",
    "SUPPLYING",
    "Child",
    "Dialect",
    "Edition",
    "children",
    "words",
]

NAMESPACE: Final = "http://illtransactions.org/2013/iso18626"


class Edition(Enum):
    """An edition of the standard, by its version attribute."""

    V1_2 = "1.2"
    V2021_2 = "2021-2"


class Dialect(Enum):
    """How a library tells what the standard leaves open, offers and their answers above all."""

    SERVFLOW = "servflow"  # offers as ReShare; what has no element stands in lines of the note for programs
    STANDARD = "standard"  # an offer is RetryPossible, and is taken up by another request
    RESHARE = "reshare"  # an offer is WillSupply with conditions or costs, and is agreed to by a notification


REQUEST: Final = "request"
SUPPLYING: Final = "supplyingAgencyMessage"
REQUESTING: Final = "requestingAgencyMessage"
MESSAGES: Final = (REQUEST, SUPPLYING, REQUESTING)
CONFIRMATIONS: Final = tuple(f"{name}Confirmation" for name in MESSAGES)

# simple types
ACTION: Final = "action"
REASON: Final = "reasonForMessage"
STATUS: Final = "status"


class Child(NamedTuple):
    """One child of an element: its name, its type, how often. ``most`` None: as often as one likes."""

    name: str
    type: str
    least: int
    most: int | None


_V1_2: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ISO18626Message": "|".join((*MESSAGES, *CONFIRMATIONS)),
        "request": "header bibliographicInfo publicationInfo? serviceInfo? supplierInfo*"
        " requestedDeliveryInfo* requestingAgencyInfo? patronInfo? billingInfo?",
        "requestConfirmation": "confirmationHeader errorData?",
        "supplyingAgencyMessage": "header messageInfo statusInfo deliveryInfo? returnInfo?",
        "supplyingAgencyMessageConfirmation": "confirmationHeader reasonForMessage? errorData?",
        "requestingAgencyMessage": "header action note?",
        "requestingAgencyMessageConfirmation": "confirmationHeader action? errorData?",
        "address": "electronicAddress|physicalAddress",
        "agencyId": "agencyIdType agencyIdValue",
        "bibliographicInfo": "supplierUniqueRecordId? title? author? subtitle? seriesTitle? edition?"
        " titleOfComponent? authorOfComponent? volume? issue? pagesRequested? estimatedNoPages?"
        " bibliographicItemId* sponsor? informationSource? bibliographicRecordId*",
        "bibliographicItemId": "bibliographicItemIdentifier bibliographicItemIdentifierCode",
        "bibliographicRecordId": "bibliographicRecordIdentifierCode bibliographicRecordIdentifier",
        "billingInfo": "paymentMethod? maximumCosts? billingMethod? billingName? address?",
        "confirmationHeader": "supplyingAgencyId? requestingAgencyId? timestamp requestingAgencyRequestId?"
        " multipleItemRequestId? timestampReceived messageStatus",
        "costs": "currencyCode monetaryValue",
        "deliveryInfo": "dateSent itemId? sentVia? sentToPatron? loanCondition? deliveredFormat?"
        " deliveryCosts?",
        "electronicAddress": "electronicAddressType electronicAddressData",
        "errorData": "errorType errorValue?",
        "header": "supplyingAgencyId requestingAgencyId multipleItemRequestId timestamp"
        " requestingAgencyRequestId supplyingAgencyRequestId? requestingAgencyAuthentication?",
        "messageInfo": "reasonForMessage answerYesNo? note? reasonUnfilled? reasonRetry? offeredCosts?"
        " retryAfter? retryBefore?",
        "patronInfo": "patronId? surname? givenName? patronType? sendToPatron? address*",
        "physicalAddress": "line1? line2? locality? postalCode? region? country?",
        "publicationInfo": "publisher? publicationType? publicationDate? placeOfPublication?",
        "requestedDeliveryInfo": "sortOrder? address?",
        "requestingAgencyAuthentication": "accountId? securityCode?",
        "requestingAgencyInfo": "name? contactName? address*",
        "returnInfo": "returnAgencyId? name? physicalAddress?",
        "serviceInfo": "requestType? requestSubType*3 requestingAgencyPreviousRequestId? serviceType"
        " serviceLevel? preferredFormat? needBeforeDate? copyrightCompliance? anyEdition? startDate?"
        " endDate? note?",
        "statusInfo": "status expectedDeliveryDate? dueDate? lastChange",
        "supplierInfo": "sortOrder? supplierCode? supplierDescription? bibliographicRecordId? callNumber?"
        " summaryHoldings? availabilityNote?",
    }
)
_CHANGED_IN_2021: Final[Mapping[str, str]] = MappingProxyType(
    {
        "request": "header:requestHeader bibliographicInfo publicationInfo? serviceInfo supplierInfo*"
        " requestedDeliveryInfo* requestingAgencyInfo? patronInfo? billingInfo?",
        "requestConfirmation": "confirmationHeader errorData*",
        "supplyingAgencyMessage": "header:supplyingHeader messageInfo statusInfo retryInfo? deliveryInfo?"
        " shippingInfo? returnInfo?",
        "supplyingAgencyMessageConfirmation": "confirmationHeader reasonForMessage? errorData*",
        "requestingAgencyMessage": "header:requestingHeader action note?",
        "requestingAgencyMessageConfirmation": "confirmationHeader action? errorData*",
        "bibliographicInfo": "supplierUniqueRecordId? title? author? authorId? subtitle? seriesTitle?"
        " edition? titleOfComponent? authorOfComponent? volume* issue? pagesRequested? estimatedNoPages?"
        " bibliographicItemId* sponsor? informationSource? bibliographicRecordId*",
        "bibliographicItemId": "bibliographicItemIdentifierCode bibliographicItemIdentifier",
        "confirmationHeader": "supplyingAgencyId? requestingAgencyId? timestamp requestingAgencyRequestId?"
        " timestampReceived messageStatus",
        "deliveryInfo": "dateSent itemId* URL? deliveryMethod? address? sentToPatron? loanCondition*"
        " itemFormat? serviceType? deliveryCosts* paymentMethod?",
        "messageInfo": "reasonForMessage answerYesNo? note? reasonUnfilled? reasonRetry?",
        "publicationInfo": "publisher? publisherId? publicationType? publicationDate? placeOfPublication?",
        "requestHeader": "supplyingAgencyId? requestingAgencyId consortialId? multipleItemRequestId?"
        " timestamp requestingAgencyRequestId requestingAgencyAuthentication?",
        "requestedDeliveryInfo": "sortOrder? address? deliveryMethod? courierName?",
        "requestingHeader": "supplyingAgencyId requestingAgencyId consortialId? timestamp"
        " requestingAgencyRequestId supplyingAgencyRequestId? requestingAgencyAuthentication?",
        "retryInfo": "loanCondition* edition* itemFormat* volume* serviceType? serviceLevel*"
        " deliveryMethod* courierName* offeredCosts* paymentMethod* retryBefore? retryAfter?",
        "serviceInfo": "requestType? requestSubType* requestingAgencyPreviousRequestId? serviceType"
        " serviceLevel? itemFormat? needBeforeDate? copyrightCompliance? anyEdition? preferredEdition?"
        " loanCondition* startDate? endDate? note?",
        "shippingInfo": "courierName? trackingId* insurance? insuranceThirdParty? thirdPartyName?"
        " insuranceCosts*",
        "supplyingHeader": "supplyingAgencyId requestingAgencyId timestamp requestingAgencyRequestId"
        " supplyingAgencyRequestId?",
    }
)
_GONE_IN_2021: Final = frozenset({"header"})

_NAMED_SO: Final = (
    *("action", "errorType", "messageStatus", "preferredEdition", "reasonForMessage"),
    *("requestSubType", "requestType", "serviceType", "status"),
)
_OF_TYPE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "agencyId": "supplyingAgencyId requestingAgencyId returnAgencyId supplierCode consortialId",
        "boolean": "sentToPatron",
        "costs": "offeredCosts maximumCosts deliveryCosts insuranceCosts",
        "dateTime": "timestamp timestampReceived dateSent dueDate expectedDeliveryDate lastChange"
        " retryAfter retryBefore needBeforeDate startDate endDate",
        "decimal": "monetaryValue",
        "integer": "sortOrder",
        "yesNo": "answerYesNo sendToPatron anyEdition insurance insuranceThirdParty",
        **{name: name for name in _NAMED_SO},
    }
)
_TYPES: Final[Mapping[str, str]] = MappingProxyType(
    {name: kind for kind, names in _OF_TYPE.items() for name in names.split()}
)

_WORDS_1_2: Final[Mapping[str, str]] = MappingProxyType(
    {
        "action": "StatusRequest Received Cancel Renew ShippedReturn ShippedForward Notification",
        "errorType": "UnsupportedActionType UnsupportedReasonForMessageType UnrecognisedDataElement"
        " UnrecognisedDataValue BadlyFormedMessage",
        "messageStatus": "OK ERROR",
        "reasonForMessage": "RequestResponse StatusRequestResponse RenewResponse CancelResponse StatusChange"
        " Notification",
        "requestSubType": "BookingRequest MultipleItemRequest PatronRequest TransferRequest"
        " SupplyingLibrarysChoice",
        "requestType": "New Retry Reminder",
        "serviceType": "Copy Loan CopyOrLoan",
        "status": "RequestReceived ExpectToSupply WillSupply Loaned Overdue Recalled RetryPossible Unfilled"
        " CopyCompleted LoanCompleted CompletedWithoutReturn Cancelled",
        "yesNo": "Y N",
    }
)
_WORDS_MORE_IN_2021: Final[Mapping[str, str]] = MappingProxyType(
    {
        "action": " HoldReturn Lost",
        "preferredEdition": "MostRecentEdition ThisEdition AnyEdition",
        "status": " HoldReturn ReleaseHoldReturn",
    }
)
_CHILD: Final = re.compile(r"(?P<name>\w+)(:(?P<type>\w+))?(?P<often>\?|\*\d*)?")


def _row(text: str, complex_types: Mapping[str, str]) -> tuple[Child, ...]:
    found = []
    for part in text.replace("|", "? ").split():
        match = _CHILD.fullmatch(part)
        assert match is not None  # the rows above are well-formed
        name, often = match["name"], match["often"] or ""
        kind = match["type"] or _TYPES.get(name) or (name if name in complex_types else "text")
        most = int(often[1:]) if often[1:] else None if often else 1
        found.append(Child(name, kind, 0 if often else 1, 1 if often == "?" else most))
    if "|" in text:  # the last of them has no question mark of its own
        found[-1] = found[-1]._replace(least=0)
    return tuple(found)


def _table(rows: Mapping[str, str]) -> Mapping[str, tuple[Child, ...]]:
    return MappingProxyType({name: _row(text, rows) for name, text in rows.items()})


def _words(rows: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(text.split()) for name, text in rows.items()})


_ELEMENTS: Final = MappingProxyType(
    {
        Edition.V1_2: _table(_V1_2),
        Edition.V2021_2: _table(
            {name: row for name, row in _V1_2.items() if name not in _GONE_IN_2021} | dict(_CHANGED_IN_2021)
        ),
    }
)
_WORDS: Final = MappingProxyType(
    {
        Edition.V1_2: _words(_WORDS_1_2),
        Edition.V2021_2: _words(
            {
                name: _WORDS_1_2.get(name, "") + _WORDS_MORE_IN_2021.get(name, "")
                for name in (*_WORDS_1_2, *_WORDS_MORE_IN_2021)
            }
        ),
    }
)


def children(edition: Edition, kind: str) -> tuple[Child, ...]:
    """The children of an element of that type, in their order; none for one that has only a text."""
    return _ELEMENTS[edition].get(kind, ())


def words(edition: Edition, kind: str) -> tuple[str, ...]:
    """What an element of that type may say; none where it may say anything."""
    return _WORDS[edition].get(kind, ())
