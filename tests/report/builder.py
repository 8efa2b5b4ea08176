"""Builds a small store row by row, with only what the report reads."""

from datetime import date, datetime

from pipeline.domain.labels import ProblemType
from pipeline.store.tables import (
    classification,
    classification_flag,
    classification_label,
    decision_label,
    export_file,
    item_event,
    item_ticket,
    matter,
    review_decision,
    supervision_item,
    ticket,
)

SHA = "0123456789abcdef" * 4


class StoreBuilder:
    def __init__(self, engine):
        self.engine = engine
        self.next_id = 1
        self.files = 0
        self.items = 0

    def file(self, connection, **values) -> int:
        self.files += 1
        connection.execute(
            export_file.insert().values(
                **{
                    "id": self.files,
                    "sha256": f"{self.files:02d}" + SHA[2:],
                    "name": f"12328_2026-10_{self.files}.xlsx",
                    "size_bytes": 1,
                    "landed_at": datetime(2026, 11, 1, 1, 30),
                    "as_of": date(2026, 11, 1),
                    "state": "loaded",
                    "rows_read": 0,
                    "inserted": 0,
                    "updated": 0,
                    "unchanged": 0,
                    "duplicate": 0,
                    "quarantined": 0,
                }
                | values
            )
        )
        return self.files

    def file_of_month(self) -> None:
        with self.engine.begin() as connection:
            self.file(connection, rows_read=20, inserted=18, duplicate=1, quarantined=1)

    def ticket(
        self, accepted_at="2026-10-10 09:00:00", *, scope="E1", types=("rough",), flags=(),
        evidence=None, matter_id=None, review=False, decided=None, classified=True, **values,
    ) -> int:  # fmt: skip
        """One ticket with its classification; ``types[0]`` is primary. Returns its id."""
        with self.engine.begin() as connection:
            if self.files == 0:
                self.file(connection)
            ticket_id, self.next_id = self.next_id, self.next_id + 1
            types = tuple(types) if scope == "E1" else ()
            connection.execute(
                ticket.insert().values(
                    **{
                        "id": ticket_id,
                        "hotline": "12328",
                        "ticket_no": f"12328340100{ticket_id:09d}",
                        "accepted_at": datetime.fromisoformat(accepted_at),
                        "intake_channel": "电话",
                        "category": "投诉举报",
                        "trade": "道路运输",
                        "region": "青原县",
                        "target_unit": "青原县交通运输综合行政执法大队",
                        "caller_key": f"{ticket_id:016x}",
                        "content": "略",
                        "text_hash": "0" * 32,
                        "row_hash": "0" * 32,
                        "state_at": datetime.fromisoformat(accepted_at),
                        "version": 1,
                        "first_file_id": 1,
                        "first_row_no": ticket_id,
                        "last_file_id": 1,
                        "last_row_no": ticket_id,
                    }
                    | {k: self._moment(k, v) for k, v in values.items()}
                )
            )
            if matter_id:
                connection.execute(matter.insert().values(ticket_id=ticket_id, matter_id=matter_id))
            if classified:
                self._classify(
                    connection,
                    ticket_id,
                    scope=scope,
                    types=types,
                    flags=flags,
                    evidence=evidence or {},
                    review=review,
                )
            if decided:
                self.decide(connection, ticket_id, *decided)
        return ticket_id

    def classify(self, ticket_id, scope="E1", types=("rough",)) -> None:
        """A ticket that arrived unclassified is classified later."""
        with self.engine.begin() as connection:
            self._classify(
                connection, ticket_id, scope=scope, types=types, flags=(), evidence={}, review=False
            )

    @staticmethod
    def _moment(name, value):
        return datetime.fromisoformat(value) if name.endswith("_at") and value else value

    def _classify(self, connection, ticket_id, *, scope, types, flags, evidence, review):
        connection.execute(
            classification.insert().values(
                id=ticket_id,
                ticket_id=ticket_id,
                model_version="m1",
                text_hash="0" * 32,
                is_current=True,
                scope=scope,
                score=0.9,
                primary_type=types[0] if types else None,
                labels_json=list(types),
                scores_json={},
                evidence_json=evidence,
                flags_json=list(flags),
                review=review,
                classified_at=datetime(2026, 11, 1, 2, 0),
            )
        )
        for order, slug in enumerate(types):
            ProblemType(slug)
            connection.execute(
                classification_label.insert().values(
                    classification_id=ticket_id, problem_type=slug, is_primary=order == 0
                )
            )
        for flag in flags:
            connection.execute(
                classification_flag.insert().values(classification_id=ticket_id, flag=flag)
            )

    def decide(self, connection, ticket_id, scope, types) -> None:
        connection.execute(
            review_decision.insert().values(
                id=ticket_id, ticket_id=ticket_id, person="复核员", action="correct",
                decided_at=datetime(2026, 11, 1, 9, 0), is_current=True, scope=scope,
                primary_type=types[0] if types else None, labels_json=list(types),
                evidence_json={},
            )
        )  # fmt: skip
        for order, slug in enumerate(types):
            connection.execute(
                decision_label.insert().values(
                    decision_id=ticket_id, problem_type=slug, is_primary=order == 0
                )
            )

    def item(self, ticket_ids, level="L2", rule="R14", state="督办中", **values) -> int:
        self.items += 1
        with self.engine.begin() as connection:
            connection.execute(
                supervision_item.insert().values(
                    **{
                        "id": self.items,
                        "item_key": f"key-{self.items}",
                        "profile": "mot-2024-25",
                        "rule": rule,
                        "level": level,
                        "subject": "青原县·逐利执法",
                        "summary": "群众反映逐利执法,内容具体。",
                        "clause": "「督查督办」(部方案)",
                        "threshold_origin": "default",
                        "numbers_json": {},
                        "missing_json": [],
                        "state": state,
                        "raised_on": date(2026, 11, 1),
                        "due_on": date(2026, 11, 20),
                        "updated_on": date(2026, 11, 1),
                    }
                    | values
                )
            )
            for ticket_id in ticket_ids:
                connection.execute(
                    item_ticket.insert().values(item_id=self.items, ticket_id=ticket_id)
                )
        return self.items

    def event(self, item_id, to_state, at, seq=1) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                item_event.insert().values(
                    item_id=item_id, seq=seq, at=datetime.fromisoformat(at), person="system",
                    action="close", to_state=to_state, level="L2", reason="略",
                    ticket_ids_json=[],
                )
            )  # fmt: skip


TRUCK, FIRM = "货车司机", "涉企"
QING = "青原县交通运输综合行政执法大队"
LIN = "临河县公路执法中队"


def handmade(build: StoreBuilder) -> None:
    """One ticket for every case the queries tell apart. The ids stand in the golden files."""
    t = build.ticket
    build.file_of_month()
    done = {"status": "已办结", "dispatched_at": "2026-10-02 10:00:00"}
    # 1: everything on time, visited, satisfied, verified
    t("2026-10-01 00:00:00", types=("profit_driven", "rough"), flags=(TRUCK,), **done,
      signed_at="2026-10-02 11:00:00", due_at="2026-10-15 18:00:00",
      closed_at="2026-10-15 18:00:00", visited_at="2026-10-17 09:00:00", satisfaction="满意",
      verified="属实", resolved="已解决", caller_key="aa", matter_id=1, return_count=0,
      evidence={"profit_driven": ["不开票就要交钱"], "rough": ["大声训斥"]})  # fmt: skip
    # 2: the same caller on the same matter again, on the other hotline; closed late, not visited
    t("2026-10-05 08:00:00", types=("profit_driven",), hotline="12345", caller_key="aa",
      matter_id=1, **done, due_at="2026-10-12 18:00:00", closed_at="2026-10-13 09:00:00",
      satisfaction="不满意", verified="不属实", resolved="未解决", return_count=2)  # fmt: skip
    # 3: overdue and still open; filed as a question; caller unknown
    t(
        "2026-10-06 08:00:00",
        types=("disproportionate",),
        category="咨询",
        caller_key=None,
        status="办理中",
        due_at="2026-10-20 18:00:00",
        flags=(FIRM,),
        verified="无法核实",
    )
    # 4: due after the month's end, closed after it; default rating
    t("2026-10-28 08:00:00", types=("rough",), status="已办结", due_at="2026-11-05 18:00:00",
      closed_at="2026-11-01 00:00:00", satisfaction="默认满意", caller_key=None)  # fmt: skip
    # 5: no time limit on record, model abstained; last second of the month
    t("2026-10-31 23:59:59", types=("entrapment",), target_unit=LIN, region="临河县",
      review=True, satisfaction="一般")  # fmt: skip
    # 6: a person changed E0 to E1 / procedure
    t("2026-10-20 08:00:00", scope="E0", decided=("E1", ("procedure",)), target_unit=None,
      handler_unit=LIN, region=None, trade=None, intake_channel=None)  # fmt: skip
    # 7: refused: in no closing rate
    t("2026-10-21 08:00:00", types=("excessive",), status="不予受理",
      due_at="2026-10-25 18:00:00")  # fmt: skip
    # 8: an integrity lead
    t("2026-10-22 08:00:00", types=("integrity",), flags=("廉政",), target_unit=LIN)
    # 9, 10, 11: not about enforcement
    t("2026-10-23 08:00:00", scope="E2")
    t("2026-10-24 08:00:00", scope="E3", category="咨询", hotline="web", intake_channel="网页")
    t("2026-10-25 08:00:00", scope="E0", hotline="12345", decided=("E0", ()))
    # 12: November, its first instant
    t("2026-11-01 00:00:00")
    # 13, 14: September; 13 is due in October and was closed in time
    t("2026-09-30 23:59:59", types=("rough",), due_at="2026-10-09 18:00:00", **done,
      closed_at="2026-10-08 09:00:00", caller_key="aa", matter_id=99)  # fmt: skip
    t("2026-09-01 00:00:00", scope="E0")
    # 15: October of last year; 16, 17: history, of which only 16 is frozen
    t("2025-10-15 08:00:00", types=("selective",))
    t("2026-06-15 08:00:00", types=("rough",), target_unit=LIN)
    t("2026-06-15 08:00:00", scope="E0")
    # 18: before all periods
    t("2026-03-31 23:59:59")
