"""A warranty verdict as a person reads it: what each class of charges comes to, and why."""

from __future__ import annotations

from collections.abc import Iterator

from servflow.adapters.text_babel._catalogue import Catalogue
from servflow.core.aftersales.warranty import Ruling, Verdict

__all__ = ["verdict_lines"]


def verdict_lines(words: Catalogue, verdict: Verdict) -> list[str]:
    """Parts, labour and travel, a line each with the clauses of who pays and who bears it; then why."""
    return [*(_ruling(words, ruling) for ruling in verdict.rulings), *_reasons(words, verdict)]


def _ruling(words: Catalogue, ruling: Ruling) -> str:
    facts = {
        "charge": ruling.charge.value,
        "coverage": ruling.coverage.value,
        "bearer": ruling.bearer.value,
    }
    text = words.text("verdict.ruling", facts)
    cited = dict.fromkeys((*ruling.clauses, *ruling.borne_by))
    clauses = ", ".join(words.name("clause", clause.id) for clause in cited)
    return f"{text[:1].upper()}{text[1:]}" + (f" [{clauses}]" if clauses else "")


def _reasons(words: Catalogue, verdict: Verdict) -> Iterator[str]:
    for reason in verdict.reasons:
        text = words.sentence(f"reason.{reason.code}", dict(reason.facts))
        yield f"- {words.cited(text, reason.clause)}"
