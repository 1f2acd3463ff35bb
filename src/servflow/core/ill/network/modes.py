"""The modes of a loan network (馆际互借模式) as values: this file is their specification.

A mode says who may file a request and how, who takes it in, who chooses the supplier, where the document
goes, whether the supplier's word that it was shipped counts as receipt, who settles with whom, and what
must be in place first. Each of these cites the clause that says so; what no source says cites ``PRACTICE``.
Nothing asks which mode it is: it asks for the facet.

The CALIS thesis centre lets each member choose: e-mail, distributed, or centre, the last one for group
or for individual users (CALIS-14). The others are what networks elsewhere run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from servflow.core.citations import PRACTICE, Cited, Clause

__all__ = [
    "MODES",
    "Filer",
    "Intake",
    "Mode",
    "ModeName",
    "Need",
    "Recipient",
    "Requester",
    "Route",
    "Router",
    "Settles",
]


class ModeName(Enum):
    """The modes by name; stored data, never renamed."""

    EMAIL = "email"  # Email 模式
    BROADCAST = "broadcast"  # several suppliers are asked at the same time, by mail
    DISTRIBUTED = "distributed"  # 分布式模式: library to library
    CENTRE_TRANSPARENT = "centre_transparent"  # the centre routes, and both libraries see each other
    CENTRE_OPAQUE = "centre_opaque"  # the centre stands between them
    CENTRE_GROUP = "centre_group"  # 中心模式, 集团用户
    CENTRE_INDIVIDUAL = "centre_individual"  # 中心模式, 个人用户


class Filer(Enum):
    """Who may file a request."""

    PATRON = "patron"
    LIBRARIAN = "librarian"  # for a reader who has no account


class Route(Enum):
    """How a request is filed."""

    LOGIN = "login"  # through the gateway, with an account
    MAIL_FORM = "mail_form"  # as an e-mail form to the ILL librarian


class Intake(Enum):
    """Who takes a request in."""

    LIBRARIAN = "librarian"  # of the home library, by mail; records it by hand
    HOME_LIBRARY = "home_library"  # its own gateway
    CENTRE = "centre"


class Router(Enum):
    """Who chooses the supplier."""

    HOME_LIBRARY = "home_library"
    CENTRE = "centre"  # by holding location


class Requester(Enum):
    """Who the supplier knows as the requester (请求馆)."""

    HOME_LIBRARY = "home_library"
    CENTRE = "centre"


class Recipient(Enum):
    """To whom the document goes from the supplier."""

    HOME_LIBRARY = "home_library"  # its librarian hands it to the patron
    FILER = "filer"  # the librarian who filed, for the institution's account
    PATRON = "patron"  # directly


class Settles(Enum):
    """Who settles with whom."""

    PATRON_WITH_HOME = "patron_with_home"
    HOME_WITH_SUPPLIER = "home_with_supplier"
    HOME_WITH_CENTRE = "home_with_centre"
    PATRON_WITH_CENTRE = "patron_with_centre"
    CENTRE_WITH_SUPPLIER = "centre_with_supplier"


class Need(Enum):
    """What must be in place before a request is taken."""

    LIBRARIAN_ADDRESS = "librarian_address"  # the home library has registered its ILL librarian's address
    SERVES_PATRON = "serves_patron"  # the library can give this patron the service
    RUNS_SYSTEM = "runs_system"  # the home library runs an ILL system
    SERVICE_LIBRARY = "service_library"  # it is a network service library (服务馆)
    REGISTERED = "registered"  # the member library is registered at the centre
    INSTITUTION_ACCOUNT = "institution_account"  # registered and confirmed at the centre
    PATRON_ACCOUNT = "patron_account"  # confirmed by an operator of the home library


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One mode: what it says of each facet, and by which clause."""

    name: ModeName
    filed_by: Cited[tuple[Filer, ...]]
    filed_through: Cited[Route]
    taken_in_by: Cited[Intake]
    routed_by: Cited[Router]
    requester: Cited[Requester]
    delivered_to: Cited[Recipient]
    shipping_is_receipt: Cited[bool]
    settled: tuple[Cited[Settles], ...]
    needs: tuple[Cited[Need], ...]
    asks_several: bool = False


_BOTH: Final = (Filer.PATRON, Filer.LIBRARIAN)

MODES: Final[Mapping[ModeName, Mode]] = MappingProxyType(
    {
        mode.name: mode
        for mode in (
            Mode(
                name=ModeName.EMAIL,
                filed_by=Cited((Filer.PATRON,), Clause("CALIS-1", "1.1")),
                filed_through=Cited(Route.MAIL_FORM, Clause("CALIS-14", "2")),
                taken_in_by=Cited(Intake.LIBRARIAN, Clause("CALIS-5", "2.1")),
                routed_by=Cited(Router.HOME_LIBRARY, Clause("CALIS-18", "2.1(3)")),
                requester=Cited(Requester.HOME_LIBRARY, Clause("CALIS-5", "2.1")),
                delivered_to=Cited(Recipient.HOME_LIBRARY, Clause("CALIS-5", "2.1")),
                shipping_is_receipt=Cited(value=False, clause=PRACTICE),
                settled=(Cited(Settles.PATRON_WITH_HOME, Clause("CALIS-5", "2.1")),),
                needs=(
                    Cited(Need.SERVES_PATRON, Clause("CALIS-15", "1.1(2)")),
                    Cited(Need.LIBRARIAN_ADDRESS, Clause("CALIS-17", "2.1")),
                ),
            ),
            Mode(
                name=ModeName.BROADCAST,
                filed_by=Cited(_BOTH, PRACTICE),
                filed_through=Cited(Route.LOGIN, PRACTICE),
                taken_in_by=Cited(Intake.HOME_LIBRARY, PRACTICE),
                routed_by=Cited(Router.HOME_LIBRARY, PRACTICE),
                requester=Cited(Requester.HOME_LIBRARY, PRACTICE),
                delivered_to=Cited(Recipient.HOME_LIBRARY, PRACTICE),
                shipping_is_receipt=Cited(value=False, clause=PRACTICE),
                settled=(
                    Cited(Settles.PATRON_WITH_HOME, PRACTICE),
                    Cited(Settles.HOME_WITH_SUPPLIER, PRACTICE),
                ),
                needs=(Cited(Need.SERVES_PATRON, PRACTICE),),
                asks_several=True,
            ),
            Mode(
                name=ModeName.DISTRIBUTED,
                filed_by=Cited(_BOTH, Clause("CALIS-19", "2.2")),
                filed_through=Cited(Route.LOGIN, Clause("CALIS-14", "2")),
                taken_in_by=Cited(Intake.HOME_LIBRARY, Clause("CALIS-19", "2.2")),
                routed_by=Cited(Router.HOME_LIBRARY, Clause("CALIS-19", "2.2")),
                requester=Cited(Requester.HOME_LIBRARY, Clause("CALIS-6", "2.2")),
                delivered_to=Cited(Recipient.HOME_LIBRARY, Clause("CALIS-6", "2.2")),
                shipping_is_receipt=Cited(value=False, clause=Clause("CALIS-6", "2.2")),
                settled=(
                    Cited(Settles.PATRON_WITH_HOME, PRACTICE),
                    Cited(Settles.HOME_WITH_SUPPLIER, Clause("CALIS-6", "2.2")),
                ),
                needs=(
                    Cited(Need.RUNS_SYSTEM, Clause("CALIS-19", "2.2")),
                    Cited(Need.SERVICE_LIBRARY, Clause("CALIS-19", "2.2")),
                ),
            ),
            Mode(
                name=ModeName.CENTRE_TRANSPARENT,
                filed_by=Cited(_BOTH, PRACTICE),
                filed_through=Cited(Route.LOGIN, PRACTICE),
                taken_in_by=Cited(Intake.HOME_LIBRARY, PRACTICE),
                routed_by=Cited(Router.CENTRE, PRACTICE),
                requester=Cited(Requester.HOME_LIBRARY, PRACTICE),
                delivered_to=Cited(Recipient.HOME_LIBRARY, PRACTICE),
                shipping_is_receipt=Cited(value=False, clause=PRACTICE),
                settled=(
                    Cited(Settles.PATRON_WITH_HOME, PRACTICE),
                    Cited(Settles.HOME_WITH_SUPPLIER, PRACTICE),
                ),
                needs=(Cited(Need.REGISTERED, PRACTICE),),
            ),
            Mode(
                name=ModeName.CENTRE_OPAQUE,
                filed_by=Cited(_BOTH, PRACTICE),
                filed_through=Cited(Route.LOGIN, PRACTICE),
                taken_in_by=Cited(Intake.HOME_LIBRARY, PRACTICE),
                routed_by=Cited(Router.CENTRE, Clause("CALIS-7", "2.3")),
                requester=Cited(Requester.CENTRE, Clause("CALIS-7", "2.3")),
                delivered_to=Cited(Recipient.HOME_LIBRARY, PRACTICE),
                shipping_is_receipt=Cited(value=False, clause=PRACTICE),
                settled=(
                    Cited(Settles.PATRON_WITH_HOME, PRACTICE),
                    Cited(Settles.HOME_WITH_CENTRE, PRACTICE),
                    Cited(Settles.CENTRE_WITH_SUPPLIER, PRACTICE),
                ),
                needs=(Cited(Need.REGISTERED, Clause("CALIS-20", "2.3")),),
            ),
            Mode(
                name=ModeName.CENTRE_GROUP,
                filed_by=Cited((Filer.LIBRARIAN,), Clause("CALIS-21", "2.3.3(一)1")),
                filed_through=Cited(Route.LOGIN, Clause("CALIS-14", "2")),
                taken_in_by=Cited(Intake.CENTRE, Clause("CALIS-7", "2.3")),
                routed_by=Cited(Router.CENTRE, Clause("CALIS-7", "2.3")),
                requester=Cited(Requester.CENTRE, Clause("CALIS-7", "2.3")),
                delivered_to=Cited(Recipient.FILER, Clause("CALIS-22", "2.3.3(一)2-3")),
                shipping_is_receipt=Cited(value=True, clause=Clause("CALIS-8", "2.3.1")),
                settled=(
                    Cited(Settles.PATRON_WITH_HOME, Clause("CALIS-22", "2.3.3(一)2-3")),
                    Cited(Settles.HOME_WITH_CENTRE, PRACTICE),
                    Cited(Settles.CENTRE_WITH_SUPPLIER, PRACTICE),
                ),
                needs=(
                    Cited(Need.REGISTERED, Clause("CALIS-20", "2.3")),
                    Cited(Need.INSTITUTION_ACCOUNT, Clause("CALIS-21", "2.3.3(一)1")),
                ),
            ),
            Mode(
                name=ModeName.CENTRE_INDIVIDUAL,
                filed_by=Cited(_BOTH, Clause("CALIS-11", "2.3.3")),
                filed_through=Cited(Route.LOGIN, Clause("CALIS-14", "2")),
                taken_in_by=Cited(Intake.CENTRE, Clause("CALIS-7", "2.3")),
                routed_by=Cited(Router.CENTRE, Clause("CALIS-7", "2.3")),
                requester=Cited(Requester.CENTRE, Clause("CALIS-7", "2.3")),
                delivered_to=Cited(Recipient.PATRON, Clause("CALIS-7", "2.3")),
                shipping_is_receipt=Cited(value=True, clause=Clause("CALIS-8", "2.3.1")),
                settled=(
                    Cited(Settles.PATRON_WITH_CENTRE, Clause("CALIS-10", "2.3.3")),
                    Cited(Settles.CENTRE_WITH_SUPPLIER, PRACTICE),
                ),
                needs=(
                    Cited(Need.REGISTERED, Clause("CALIS-20", "2.3")),
                    Cited(Need.PATRON_ACCOUNT, Clause("CALIS-24", "2.3.3(二)1")),
                ),
            ),
        )
    }
)
"""Every mode, by its name."""
