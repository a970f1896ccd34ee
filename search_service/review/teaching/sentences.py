"""What people read about teaching a label."""

from __future__ import annotations

from search_service.review.teaching.examples import Collected, TaughtConcept
from search_service.review.teaching.trial import LEAST, Trial


def line(of: TaughtConcept, found: Collected, trial: Trial) -> str:
    """Return where a label stands: what is lacking, or how good its verifier is."""
    return " ".join(part for part in (_stand(of, found, trial), _left_out(found)) if part)


def _stand(of: TaughtConcept, found: Collected, trial: Trial) -> str:
    right, wrong = found.right, len(found.known) - found.right
    if of.model is None:
        return "There is no search model yet, so crops have no embeddings: a SigLIP worker has to run once."
    if not found.known:
        return f"No object has been judged as {of.label!r} yet."
    if not wrong:
        return f"There is no wrong example: mark at least {LEAST} objects that are not {of.label!r} as wrong."
    if not right:
        return f"There is no right example: mark at least {LEAST} objects that are {of.label!r} as right."
    if trial.wanted_right or trial.wanted_wrong:
        return (f"{right} right and {wrong} wrong examples are too few: at least {LEAST} of each are needed, "
                f"{trial.wanted} more.")
    if not trial.paid:
        return (f"{right} right and {wrong} wrong examples do not give a better score than the current one yet: about "
                f"{trial.wanted} more may help.")
    return (f"{right} right and {wrong} wrong examples. In pairs of a right and a wrong object that were not learned "
            f"from, the right one scores higher in {trial.ranked * 100:.1f} %; by the model's own score in "
            f"{trial.ranked_by_score * 100:.1f} %.")


def _left_out(found: Collected) -> str:
    waiting = f"{found.waiting} wait to be embedded." if found.waiting else ""
    gone = (f"{found.gone} do not count: their task was deleted, or the object is not among the current detections."
            if found.gone else "")
    return " ".join(part for part in (waiting, gone) if part)
