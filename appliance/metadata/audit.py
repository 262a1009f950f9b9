"""The log of what operators did. Rows are never changed or deleted."""

from dataclasses import dataclass

from appliance.metadata.store import Tx


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act: who, what, to whom, and how it ended."""

    id: int
    at_us: int
    actor: str
    action: str
    subject: str
    outcome: str


def append(tx: Tx, at_us: int, actor: str, action: str, subject: str, outcome: str) -> None:
    """Note one act; none of the texts is a secret."""
    tx.run(
        "INSERT INTO audit_log (at_us, actor, action, subject, outcome) VALUES (?, ?, ?, ?, ?)",
        at_us,
        actor,
        action,
        subject,
        outcome,
    )


def page(tx: Tx, before_id: int | None, limit: int, part: str = "") -> list[AuditRow]:
    """Up to `limit` rows that hold `part` in any case of its letters, newest first."""
    rows = tx.all(
        "SELECT id, at_us, actor, action, subject, outcome FROM audit_log"
        " WHERE id < ? AND instr(lower(actor || ' ' || action || ' ' || subject || ' ' || outcome),"
        " lower(?)) > 0 ORDER BY id DESC LIMIT ?",
        before_id if before_id is not None else 2**63 - 1,
        part,
        limit,
    )
    return [AuditRow(*row) for row in rows]
