"""Where each second of a frame's way goes, from a video to the stored prediction, in this build and in the baseline.

    python -m benchmarks.frame_way --json FILE              # a 10-minute file on both builds; about 12 minutes
    python -m benchmarks.frame_way --json FILE --minutes 1  # a small one

Each build is a whole stack from its own environment (`benchmarks.side_by_side`). `hook/sitecustomize.py` is loaded by
every Python process of both and times the functions that `stages.py` names; neither tree is changed.
"""
