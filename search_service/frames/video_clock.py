"""When each frame of a video is shown, whatever its timestamps do: missing, out of order, or starting again."""

from __future__ import annotations

from fractions import Fraction

from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_BACK = Fraction(1, 10)  # seconds; a smaller step back is a frame out of order, as FFmpeg takes it
_GAP = 10  # seconds; where clocks may jump, a larger step forward is a new clock too
_ERROR = 30 * 3600  # seconds; anywhere else such a step forward is
_USUAL_RATE = 25
_RATES = (Fraction(1, 1000), 1000)  # what a container states beyond these is no frame rate


class VideoClock:
    """Gives the frames of a stream, in the order of presentation, times that only rise, from 0.

    A recorder that was restarted, or files that were joined, start their clock again: what follows is shown right
    behind what came before, as FFmpeg does.

    Args:
        jumps: the container is one whose clock may jump (MPEG-TS, FLV): a long step forward is closed as well.
        decoding: the container has decoding times only (AVI): they are taken, which come in the order of presentation.
    """

    def __init__(self, stream: VideoStream, jumps: bool, decoding: bool = False) -> None:
        self._stream, self._gap = stream, _GAP if jumps else _ERROR
        self._offsets: list[Fraction] = []  # from the stream's clocks to ours; the one in use, and the one before
        self._last: Fraction | None = None
        self._length = Fraction(0)
        self.closed = Fraction(0)  # seconds of the file's clock during which nothing was shown
        self._stamps: list[Fraction | None] = [None, None]
        self._faults = [int(decoding), 0]  # of the times of presentation, and of decoding

    def time(self, frame: VideoFrame) -> Fraction:
        """Return the seconds at which the frame is shown. A frame without a time of its own follows the one before."""
        stamp = self._stamp(frame)
        if self._last is None:
            at = Fraction(0)
        elif stamp is None or not self._offsets:
            at = self._last + self._length
        else:
            at = self._on_our_clock(stamp, self._last)
            if at <= self._last:  # two frames of one time, or a little out of order: both are shown
                at = self._last + self._length / 2
        if stamp is not None and not self._offsets:
            self._offsets = [at - stamp]
        self._last, self._length = at, self.length(frame)
        return at

    def _stamp(self, frame: VideoFrame) -> Fraction | None:
        """Return the frame's own time: of its two timestamps, the one that went back less often.

        Files of some recorders have decoding times only, too, and what stands for the time of presentation is a guess.
        """
        base = frame.time_base or self._stream.time_base
        if base is None:
            return None
        stamps = [None if value is None else value * base for value in (frame.pts, frame.dts)]
        for which, stamp in enumerate(stamps):
            if stamp is not None:
                before = self._stamps[which]
                self._faults[which] += before is not None and stamp <= before
                self._stamps[which] = stamp
        shown, decoded = stamps
        return decoded if shown is None or self._faults[0] > self._faults[1] else shown

    def _on_our_clock(self, stamp: Fraction, last: Fraction) -> Fraction:
        current, *former = self._offsets
        step = stamp + current - last
        returned = next((offset for offset in former if 0 < stamp + offset - last <= 1), None)
        if returned is not None and not -_BACK < step <= 1:  # a single timestamp was wrong
            self._offsets = [returned, current]
        elif step <= -_BACK or step > self._gap:
            self.closed += max(Fraction(0), step - self._length)
            self._offsets = [last + self._length - stamp, current]
        return stamp + self._offsets[0]

    def length(self, frame: VideoFrame) -> Fraction:
        """Return for how many seconds the frame is shown, as far as the file says."""
        rates = (self._stream.average_rate, self._stream.guessed_rate)
        usual = 1 / next((Fraction(rate) for rate in rates if rate and _RATES[0] <= rate <= _RATES[1]),
                         Fraction(_USUAL_RATE))
        stated = Fraction(frame.duration * (frame.time_base or 0))
        return stated if stated > usual / 10 else usual  # recorders write a duration of one tick
