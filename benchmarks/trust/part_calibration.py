"""Labels whose curve is within 0.05 of the truth (D-ECE on 2,000 fresh outcomes) after 200 and 1,000 outcomes."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.trust.known_labels import calibration_errors

KEYS = ("d_ece_share_200", "d_ece_share_1000")
_PROJECTS, _NEAR = 50, 0.05


def measure() -> Mapping[str, float]:
    return {f"d_ece_share_{outcomes}": float((calibration_errors(outcomes, _PROJECTS, seed=outcomes) <= _NEAR).mean())
            for outcomes in (200, 1000)}
