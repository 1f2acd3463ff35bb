"""Rates (比率): a discount and a rate of accrual are a part of a whole, and never more than all of it."""

from __future__ import annotations

from typing import Final

from servflow.core.errors import InvalidValue
from servflow.core.fees import Charge, Operation

__all__ = ["PART", "check_rates"]

PART: Final = "part"
"""The unit of a quantity that is a part of a whole: 0.1 is a tenth."""


def check_rates(charge: Charge) -> None:
    """Refuses a charge that was worked out with a part of a whole above 1, such as 10 for ten percent.

    Raises:
        InvalidValue: such a quantity is above 1.
    """
    for _, step in charge.lines():
        if step.operation is Operation.QUANTITY and step.unit == PART and step.exact > 1:
            raise InvalidValue(step.inputs[0][0], str(step.exact), "a part of the whole, at most 1")
