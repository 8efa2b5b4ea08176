"""What a ticket complains of: scope, problem types, evidence, flags; trained from models/."""

from pipeline.classify.artifact import ModelMissing, current_version, is_built
from pipeline.classify.classifier import Classifier
from pipeline.classify.evaluation import evaluate
from pipeline.classify.training import TrainReport, train

__all__ = [
    "Classifier",
    "ModelMissing",
    "TrainReport",
    "current_version",
    "evaluate",
    "is_built",
    "train",
]
