"""The colours of labels as Label Studio's editor shows them. Pure."""

from __future__ import annotations

from PIL import ImageColor

from label_studio_config.tags import LabelConfig, LabelTag

_UNSET = "#da935d"  # Label Studio's mark of a label without a colour of its own
_GOLDEN = 0.618033988749895
_SATURATION, _VALUE = 0.4, 0.75


def label_colours(config: LabelConfig) -> dict[str, str]:
    """Return the colour of each label that is drawn on the config's images, as `#rrggbb`."""
    tags = (label for control in config.controls if control.draws for label in control.labels)
    colours: dict[str, str] = {}
    for tag in tags:
        colours.setdefault(tag.name, _colour(tag))
    return colours


def _colour(tag: LabelTag) -> str:
    try:
        red, green, blue = ImageColor.getrgb(tag.attributes.get("background", "").strip())[:3]
    except ValueError:
        return _made_of(tag.value)
    own = f"#{red:02x}{green:02x}{blue:02x}"
    return own if own != _UNSET else _made_of(tag.value)


def _made_of(name: str) -> str:
    """Return the colour that Label Studio 1.23.2 makes of a label's name with Please.js 0.4.2 (`make_color`).

    The hue is the first number of RC4 with the name as its key; saturation and brightness are always the same.
    """
    hue = int(_first_random(name) * 361)
    return _to_hex((hue + hue / _GOLDEN) % 360)


def _first_random(key: str) -> float:
    letters = [int.from_bytes(key.encode("utf-16-le", "surrogatepass")[at:at + 2], "little")
               for at in range(0, 2 * _utf16_length(key), 2)] or [0]
    state = list(range(256))
    other = 0
    for place in range(256):
        other = (other + state[place] + letters[place % len(letters)]) % 256
        state[place], state[other] = state[other], state[place]
    at, other, number = 0, 0, 0
    for position in range(8):
        at = (at + 1) % 256
        other = (other + state[at]) % 256
        state[at], state[other] = state[other], state[at]
        number += state[(state[at] + state[other]) % 256] << 8 * position
    return number / 2**64


def _utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _to_hex(hue: float) -> str:
    sector, rest = divmod(hue / 60, 1)
    low, falling, rising = (_VALUE * (1 - _SATURATION * part) for part in (1, rest, 1 - rest))
    red, green, blue = [(_VALUE, rising, low), (falling, _VALUE, low), (low, _VALUE, rising), (low, falling, _VALUE),
                        (rising, low, _VALUE), (_VALUE, low, falling)][int(sector)]
    return "#" + "".join(f"{int(255 * part):02x}" for part in (red, green, blue))
