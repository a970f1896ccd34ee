"""`python -m benchmarks.footage.one_import FILE PROJECT`: import a video and print the process's peak memory in MB."""

from __future__ import annotations

import sys

from benchmarks.peak import peak_mb
from search_service.frames.video_import import import_video

if __name__ == "__main__":
    import_video(sys.argv[1], int(sys.argv[2]), "1/5")
    print(peak_mb())
