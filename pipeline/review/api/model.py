"""模型: the model in force, comparisons with challengers, drift."""

from typing import Annotated

from fastapi import APIRouter, Request

from pipeline.review.api.answers import answer
from pipeline.review.api.client import needs
from pipeline.review.api.schemas.reports import DriftMonth, Model, ModelDecision
from pipeline.review.api.tokens import TokenScope
from pipeline.review.desk import TheDesk
from pipeline.review.people import Account
from pipeline.stages import Context

router = APIRouter(tags=["模型"])


@router.get("/model", response_model=Model)
def show_model(
    request: Request, desk: TheDesk, client: Annotated[Account, needs(TokenScope.MODEL_READ)]
):
    """在用模型、与挑战模型的历次比较、各月漂移。"""
    from pipeline.stages.drift import history
    from pipeline.stages.training import overview

    context = Context(desk.settings, desk.engine, desk.vault, desk.clock)
    found = overview(context)
    own = Model.model_fields.keys() - {"decisions", "drift"}
    return answer(
        request,
        Model(
            **{name: found[name] for name in own},
            decisions=[_decision(row) for row in found["decisions"]],
            drift=[_month(row) for row in history(context)],
        ),
    )


def _decision(row: dict) -> ModelDecision:
    names = ModelDecision.model_fields.keys() - {"figures"}
    return ModelDecision(**{name: row[name] for name in names}, figures=row["figures_json"])


def _month(row: dict) -> DriftMonth:
    return DriftMonth(
        **{name: row[name] for name in ("month", "measured_at", "tickets", "enforcement")},
        reference=row["reference_json"],
        measures=row["measures_json"],
        warnings=row["warnings_json"],
    )
