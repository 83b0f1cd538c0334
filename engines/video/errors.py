"""What can go wrong when a picture is handed over to video; every message names field, value and limit.

RequestError
  UnreadableClipError    no video that the decoder can read to its end
  UnsupportedClipError   a video, but of a kind that would come out wrong
  OverlayPlaceError      the picture does not lie inside the frame
  OverlayTimeError       it does not lie inside the clip, or fades longer than it shows
  OutputError            the output cannot be what its name says
  TimelineError          the file is no timeline, or was not written here
EnvironmentFault
  VideoExtraMissingError, EncoderMissingError
"""

from engines.errors import EnvironmentFault, RequestError


class UnreadableClipError(RequestError):
    """The file is missing, holds no video, or is damaged."""

    type = "unreadable-clip"

    def __init__(self, clip: str, reason: str) -> None:
        super().__init__(f"clip {clip}: {reason}", clip=clip, reason=reason)


class UnsupportedClipError(RequestError):
    """The clip can be read, but burning a picture into it would change more than the place of the picture."""

    type = "unsupported-clip"

    def __init__(self, clip: str, field: str, value: object, needed: str) -> None:
        super().__init__(f"clip {clip}: {field} is {value}; needed: {needed}", clip=clip, field=field, value=value)


class OverlayPlaceError(RequestError):
    """The picture is larger than the frame, or leaves it."""

    type = "overlay-outside-frame"

    def __init__(self, size: tuple[int, int], place: tuple[int, int], frame: tuple[int, int]) -> None:
        super().__init__(
            f"overlay of {size[0]} x {size[1]} px at x={place[0]}, y={place[1]} leaves the frame of {frame[0]} x {frame[1]} px",
            size=size,
            place=place,
            frame=frame,
        )


class OverlayTimeError(RequestError):
    """The overlay's times do not fit the clip or each other."""

    type = "overlay-outside-clip"

    def __init__(self, field: str, value: float, rule: str) -> None:
        super().__init__(f"{field} is {value:g} s: {rule}", field=field, value=value, rule=rule)


class OutputError(RequestError):
    """The output's name ends with something else than what is made, its folder is missing, or it is the input."""

    type = "unusable-output"

    def __init__(self, out: str, reason: str) -> None:
        super().__init__(f"output {out}: {reason}", out=out, reason=reason)


class TimelineError(RequestError):
    """A timeline cannot be read back."""

    type = "invalid-timeline"

    def __init__(self, timeline: str, reason: str) -> None:
        super().__init__(f"timeline {timeline}: {reason}", timeline=timeline, reason=reason)


class VideoExtraMissingError(EnvironmentFault):
    """A library of the `video` extra is not installed."""

    type = "video-extra-missing"

    def __init__(self, library: str) -> None:
        super().__init__(f"{library} is missing; it comes with: pip install 'impasto[video]'", library=library)


class EncoderMissingError(EnvironmentFault):
    """The FFmpeg inside this machine's PyAV was built without an encoder."""

    type = "encoder-missing"

    def __init__(self, encoder: str) -> None:
        super().__init__(f"PyAV has no encoder {encoder}; the wheels of PyPI have it", encoder=encoder)
