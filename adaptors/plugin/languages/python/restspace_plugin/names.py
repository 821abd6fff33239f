"""The one escape of names that all stores share."""


def escape_name(segment: str) -> str:
    """Returns a segment of a key as the name of a file. Listings are in the byte
    order of these names, a directory's with a "/" at its end."""
    last = len(segment) - 1
    return ''.join(
        f'%{ord(c):02X}' if c in '/%\\\x7f' or c < ' ' or c == '.' and i in (0, last) or c == ' ' and i == last else c
        for i, c in enumerate(segment))


def unescape_name(name: str) -> str:
    """Undoes escape_name."""
    first, *rest = name.split('%')
    return first + ''.join(chr(int(part[:2], 16)) + part[2:] for part in rest)


def position(name: str, directory: bool = False) -> bytes:
    """Returns where a name stands in the order of a listing."""
    return (escape_name(name) + '/' * directory).encode()


def position_after(after: str) -> bytes:
    """Returns where a listing begins after: the "after" of a call has the "/" of a
    directory in it."""
    return position(after[:-1], True) if after.endswith('/') else position(after)
