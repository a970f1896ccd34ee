"""The words the demo's checkpoints know: parts, colours, their synonyms, German and Japanese names.

The tiny models are trained on these words only, so this table is also the list of queries that work. A word
outside it (``bottle``, ``screw``) is expected to find nothing.
"""

from dataclasses import dataclass
from typing import Final

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Name:
    """How people call one part.

    ``label`` is the label of the truth and of the demo's label config, ``english`` holds synonyms with the label
    itself first.
    """

    label: str
    english: tuple[str, ...]
    german: str
    japanese: str

    @property
    def all(self) -> tuple[str, ...]:
        """Every name of the part, in every language."""
        return (*self.english, self.german, self.japanese)


NAMES: Final[tuple[Name, ...]] = (
    Name("cpu", ("cpu", "processor", "cpu chip"), "Prozessor", "プロセッサ"),
    Name("hdd", ("hdd", "hard drive", "hard disk"), "Festplatte", "ハードディスク"),
    Name("ram stick", ("ram stick", "ram", "memory module"), "Speicherriegel", "メモリ"),
    Name("fan", ("fan", "cooling fan"), "Lüfter", "ファン"),
    Name("capacitor", ("capacitor",), "Kondensator", "コンデンサ"),
    Name("battery", ("battery", "battery cell"), "Batterie", "電池"),
)
LABELS: Final[tuple[str, ...]] = tuple(name.label for name in NAMES)

COLOURS: Final[dict[str, RGB]] = {
    "red": (196, 42, 40),
    "green": (38, 140, 62),
    "blue": (38, 82, 190),
    "yellow": (228, 182, 40),
    "white": (228, 228, 222),
    "black": (40, 40, 44),
}
COLOUR_NAMES: Final[tuple[str, ...]] = tuple(COLOURS)

TEMPLATES: Final[tuple[str, ...]] = (
    "{}",
    "a {}",
    "a photo of a {}",
    "this is a photo of {}.",
    "{} on a conveyor",
    "a frame with a {}",
)
EMPTY: Final[tuple[str, ...]] = ("an empty conveyor", "empty belt", "an empty belt", "nothing", "no parts")
# Things that never lie on the demo's belt: captions of them are always wrong in training.
ABSENT: Final[tuple[str, ...]] = (
    "bottle", "screw", "cable", "motor", "phone", "laptop", "cup", "can", "person", "car",
    "dog", "glass", "paper box", "keyboard", "apple", "shoe",
)  # fmt: skip
# Words that the tokenizers know and no caption ever used: what a model makes of them is chance.
UNKNOWN: Final[tuple[str, ...]] = ("bicycle", "hammer", "banana")


def name_of(label: str) -> Name:
    """The names of a label; ``KeyError`` for a label the demo does not have."""
    for name in NAMES:
        if name.label == label:
            return name
    raise KeyError(label)
