from __future__ import annotations

from datetime import UTC, datetime, timedelta

from servflow.adapters.clock_system import SystemClock


def test_the_system_clock_tells_the_present_in_utc():
    """the present lies between just before and just after, and is in UTC"""
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.utcoffset() == timedelta(0)
