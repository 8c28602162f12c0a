"""Removal of image metadata, which is not needed and can decompress to gigabytes."""

import contextlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAX_HEADER = 1 << 20  # bytes of tables, such as the strip offsets of a TIFF
MAX_PIECES = 200_000  # chunks of a PNG, segments before the pixels of a JPEG
MAX_SCANS = 100  # of a progressive JPEG; common encoders write about ten
ORIENTATION = 274
PNG_CHUNKS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}
# Bytes per value by type, and the tags that define the storage of pixels.
TIFF_TYPES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
TIFF_TAGS = {
    254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325, 332, 338, 339,
    347, 512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532,
}  # fmt: skip


@dataclass(frozen=True)
class Bare:
    """An image file without metadata."""

    kind: str  # JPEG, PNG, TIFF or BMP, as Pillow names them
    data: bytes
    orientation: int = 1  # 1 to 8, as in EXIF
    held: int = 0  # bytes of coefficients that a decoder buffers until the last scan of a JPEG


def strip_metadata(data: bytes) -> Bare:
    """Detect the format of an image file and strip its metadata. Raises ValueError if the format is unknown."""
    if data.startswith(b"\xff\xd8"):
        return strip_jpeg(data)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return strip_png(data)
    if data.startswith((b"II*\0", b"MM\0*")):
        return strip_tiff(data)
    if data.startswith(b"BM"):
        return Bare("BMP", data)
    raise ValueError("not an image in a known format")


def strip_jpeg(data: bytes) -> Bare:
    """Strip comments and application segments from a JPEG, except those that define its colour space."""
    header, exif, seen, frame, scan, end = bytearray(data[:2]), b"", set(), b"", 0, 2
    for marker, start, end in jpeg_segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\0\0", start + 4):
            exif = exif or data[start + 10 : end]
        elif not (0xE0 <= marker <= 0xEF or marker == 0xFE) or (marker in (0xE0, 0xEE) and marker not in seen):
            header += data[start:end]
        seen.add(marker)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            frame = data[start:end]
        elif marker == 0xDA:
            scan = data[start + 4]
        if len(header) > MAX_HEADER:
            raise ValueError("its header is longer than that of any photograph")
    bare, held = bytes(header) + data[end:], held_bytes(frame, scan)
    if held and bare.count(b"\xff\xda") > MAX_SCANS:
        raise ValueError(f"it is a JPEG with more than {MAX_SCANS} scans")
    return Bare("JPEG", bare, orientation(exif), held)


def held_bytes(frame: bytes, scan: int) -> int:
    """Return the bytes of coefficients that a decoder buffers for a JPEG with this frame header.

    `scan` is the number of components in the first scan. 0 for a sequential JPEG with all components in one scan, which
    is decoded while it is read.
    """
    if len(frame) < 10 or (frame[1] in (0xC0, 0xC1) and frame[9] == scan):
        return 0
    sampling = [(code >> 4) * (code & 15) for code in frame[11::3]]
    height, width = struct.unpack(">HH", frame[5:9])
    return 2 * width * height * sum(sampling) // max([1, *sampling])


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment of a JPEG up to its first scan header; skip garbage."""
    place, pieces = 2, 0
    while 0 <= (place := data.find(b"\xff", place)) < len(data) - 4:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker == 0 or marker == 1 or 0xD0 <= marker <= 0xD8:  # a marker without segment
            place += 2
        elif marker == 0xD9:
            return
        else:
            end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
            yield marker, place, end
            if marker == 0xDA:
                return
            place, pieces = max(end, place + 2), pieces + 1
            check_pieces(pieces)


def check_pieces(count: int) -> None:
    """Raise ValueError if a file has more than MAX_PIECES parts: each costs time and memory, however short."""
    if count > MAX_PIECES:
        raise ValueError(f"it has more than {MAX_PIECES} parts")


def strip_png(data: bytes) -> Bare:
    """Reduce a PNG to header, palette and pixels of its first image, with colours as stored."""
    bare, exif, place, kind, pieces = io.BytesIO(), b"", 8, b"", 0
    bare.write(data[:8])
    while place + 8 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind in PNG_CHUNKS:
            bare.write(memoryview(data)[place : place + 12 + length])
        elif kind == b"eXIf":
            exif = data[place + 8 : place + 8 + length]
        place, pieces = place + 12 + length, pieces + 1
        check_pieces(pieces)
    return Bare("PNG", bare.getvalue(), orientation(exif))


def strip_tiff(data: bytes) -> Bare:
    """Reduce a TIFF to its first image and the tags that define its storage."""
    table, size, start = {}, 0, 0
    try:
        order, start = tiff_layout(data)
        for tag, kind, count, place in tiff_entries(data, order, start):
            if tag in TIFF_TAGS and kind in TIFF_TYPES and tag not in table:
                table[tag] = data[place : place + 12]
                size += count * TIFF_TYPES[kind]
    except struct.error:
        raise ValueError("its directory is truncated") from None
    if size > MAX_HEADER:
        raise ValueError("its directory is longer than that of any photograph")
    directory = struct.pack(f"{order}H", len(table)) + b"".join(table.values()) + bytes(4)
    bare = b"".join([data[:start], directory, memoryview(data)[start + len(directory) :]])
    return Bare("TIFF", bare, orientation(data))


def tiff_layout(block: bytes) -> tuple[str, int]:
    """Return byte order and offset of the first directory of a TIFF or EXIF block; struct.error if there is none."""
    order = ">" if block.startswith(b"MM") else "<"
    return order, struct.unpack_from(f"{order}I", block, 4)[0]


def tiff_entries(block: bytes, order: str, start: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield tag, type, number of values and offset per directory entry. Raises struct.error if truncated."""
    (count,) = struct.unpack_from(f"{order}H", block, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        yield *struct.unpack_from(f"{order}HHI", block, place), place


def orientation(block: bytes) -> int:
    """Return the orientation, 1 to 8, from an EXIF block or TIFF; 1 if missing or invalid."""
    with contextlib.suppress(struct.error):
        order, start = tiff_layout(block)
        for tag, kind, _, place in tiff_entries(block, order, start):
            if tag == ORIENTATION and kind in (3, 4):
                value = struct.unpack_from(order + "HI"[kind - 3], block, place + 8)[0]
                return value if 1 <= value <= 8 else 1
    return 1
