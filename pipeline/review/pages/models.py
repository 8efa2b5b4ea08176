"""模型: which classifier is in force, how far persons agree with it, drift, challengers."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from pipeline.review import access, second
from pipeline.review.confusions import compared, examples, label_zh
from pipeline.review.desk import TheDesk, may_see, page
from pipeline.review.people import Account
from pipeline.stages.champion import champion
from pipeline.stages.drift import MEASURES
from pipeline.stages.training import SET_ZH, VERDICT_ZH
from pipeline.store.drift import stored_drift
from pipeline.store.labels import outdated_count
from pipeline.store.models import decisions

router = APIRouter()

_CONFUSIONS_SHOWN = 30
Label = Annotated[str, Query(max_length=24)]


@router.get("/models")
def show_models(
    request: Request,
    desk: TheDesk,
    account: Annotated[Account, may_see(access.MODELS)],
    said: Label = "",
    made: Label = "",
):
    sight = account.sight
    with desk.reading() as connection:
        model = champion(connection, desk.settings)
        found = compared(connection, sight)
        values = {
            "model": model,
            "compared": found,
            "confusions": found.confusions[:_CONFUSIONS_SHOWN],
            "agreements": second.agreements(connection, sight),
            # Of the whole jurisdiction: not for the bounded.
            "outdated": None if sight.is_bounded else outdated_count(connection, model.version),
            "months": [] if sight.is_bounded else stored_drift(connection, model.version),
            "decisions": decisions(connection),
            "examples": (
                examples(connection, account, desk.settings.second_review_share, said, made)
                if said and made
                else []
            ),
        }
    return page(
        request,
        "models.html",
        account,
        measures=MEASURES,
        verdicts=VERDICT_ZH,
        sets=SET_ZH,
        said=said,
        made=made,
        label_zh=label_zh,
        **values,
    )
