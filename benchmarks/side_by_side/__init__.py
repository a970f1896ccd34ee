"""This build beside the baseline: the same work on both, on the same machine, in turn.

    python -m benchmarks.side_by_side            # four parts, 7 pairs each
    python -m benchmarks.side_by_side.upgrade    # a home of the baseline, a run under way, goes on under this build

Each build is a whole embedded stack of its own, started by its own `argus up` from its own environment; what measures
speaks HTTP with both and loads nothing of the product. `scripts/baseline.sh` makes the baseline.
"""
