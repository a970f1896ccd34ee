"""Measures the parts and writes their figures. See the package."""

from __future__ import annotations

import sys

from benchmarks import footage, parts

if __name__ == "__main__":
    sys.exit(parts.main(footage))
