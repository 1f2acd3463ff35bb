"""States, roles and the words of accounts. Values are stored data and never renamed."""

from __future__ import annotations

from enum import Enum

__all__ = ["AccountRole", "AccountState", "HolderKind", "IdentityKind", "IdentityRole", "IdentityState"]


class AccountState(Enum):
    """Where an account stands (馆际互借帐户). Expired is no state: it follows from the day."""

    REGISTERED = "registered"  # filled in; waits for an administrator's check
    CONFIRMED = "confirmed"  # checked and confirmed; something is still lacking before it is active
    ACTIVE = "active"  # may sign in and file
    SUSPENDED = "suspended"  # by a decision of staff
    DECLINED = "declined"  # the check failed; may register again
    CLOSED = "closed"  # left, with clearance where the rules ask for it


class HolderKind(Enum):
    """Whose account it is."""

    PATRON = "patron"  # 个人用户
    OPERATOR = "operator"  # 操作员: a library's librarian at the centre
    INSTITUTION = "institution"  # 机构帐户, 集团用户


class AccountRole(Enum):
    """In which role somebody speaks to an account."""

    HOLDER = "holder"
    OPERATOR = "operator"  # staff of the home library
    STAFF = "staff"  # of the desk that keeps the account: the centre, or the home library itself
    SYSTEM = "system"
    CLOCK = "clock"


class IdentityKind(Enum):
    """By what somebody signs in."""

    EMAIL = "email"
    STUDENT_NUMBER = "student_number"  # 学号
    STAFF_NUMBER = "staff_number"  # 工号
    CAMPUS_CARD = "campus_card"  # 校园卡 (统一身份认证)
    OFF_CAMPUS = "off_campus"  # 校外用户


class IdentityState(Enum):
    """Whether an identity leads to an account."""

    BOUND = "bound"
    RELEASED = "released"


class IdentityRole(Enum):
    """In which role somebody speaks to an identity."""

    SYSTEM = "system"
