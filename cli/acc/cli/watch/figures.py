"""Figures for people, in so few characters that a column of them never changes its width."""

_UNITS = "BKMGTPE"

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR


def size(count: float) -> str:
    """`count` bytes in at most 4 characters, in powers of 1000: `999B`, `1.2K`, `34M`."""
    for unit in _UNITS:
        if count < 9.95 and unit != "B":
            return f"{count:.1f}{unit}"
        if count < 999.5:
            return f"{count:.0f}{unit}"
        count /= 1000
    return "999E"


def rate(per_second: float) -> str:
    """Bytes a second in at most 6 characters; a dash where nothing moves."""
    return f"{size(per_second)}/s" if per_second >= 0.5 else "-"


def age(seconds: float) -> str:
    """A time span in at most 6 characters: `42s`, `3m05s`, `2h07m`, `3d04h`, `120d`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m{whole % _MINUTE:02}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h{whole % _HOUR // _MINUTE:02}m"
    if whole < 100 * _DAY:
        return f"{whole // _DAY}d{whole % _DAY // _HOUR:02}h"
    return f"{whole // _DAY}d"
