"""What an approximate index is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Index:
    """A project's own approximate index: `hnsw`, or `ivfflat` with a number of lists; `valid` once it is built."""

    kind: str
    valid: bool
    lists: int = 0

    @property
    def probes(self) -> int:
        """Lists an IVFFlat search looks into: a sixth of them; with a tenth about 4 of 100 right hits are missed."""
        return max(10, -(-self.lists // 6))
