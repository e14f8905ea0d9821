"""A workbook as Excel 97 wrote it, as small as can be: there is no library left that writes one.

Source: [MS-CFB] for the file of streams, [MS-XLS] for the records of the workbook.
"""

from __future__ import annotations

import struct

SECTOR = 512


def old_workbook(rows: list[list[str | float]]) -> bytes:
    """Return an .xls file with one sheet that holds these rows."""
    stream = _workbook(rows)
    # A stream of less than 4,096 bytes would have to lie in another one.
    stream = stream.ljust(max(4096, -(-len(stream) // SECTOR) * SECTOR), b"\0")
    sectors = len(stream) // SECTOR
    chain = [*range(3, sectors + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{2 + sectors}I", 0xFFFFFFFD, 0xFFFFFFFE, *chain).ljust(SECTOR, b"\xff")
    root = _entry("Root Entry", 5, child=1)
    folder = root + _entry("Workbook", 2, start=2, size=len(stream)) + _entry("", 0) * 2
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
        + struct.pack("<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096,
                      0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    )  # fmt: skip
    return header.ljust(SECTOR, b"\xff") + table + folder + stream


def _entry(name: str, kind: int, child: int = 0xFFFFFFFF, start: int = 0, size: int = 0) -> bytes:
    encoded = name.encode("utf-16-le") + (b"\0\0" if name else b"")
    none = 0xFFFFFFFF
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII36xIII", len(encoded), kind, 1, none, none, child, start, size, 0)
    )  # fmt: skip


def _workbook(rows: list[list[str | float]]) -> bytes:
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            at = struct.pack("<HHH", number, place, 0)
            if isinstance(cell, str):
                text = struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")
                sheet += _record(0x0204, at + text)
            else:
                sheet += _record(0x0203, at + struct.pack("<d", cell))
    sheet += _record(0x000A, b"")
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = b"\x06\x00Sheet1"
    length = len(start) + 4 + 6 + len(name) + 4
    place = _record(0x0085, struct.pack("<IBB", length, 0, 0) + name)
    return start + place + _record(0x000A, b"") + sheet


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<HH", kind, len(content)) + content
