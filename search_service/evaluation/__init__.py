"""Judging the predictions of a model version by people's annotations."""
