"""The journal of a run: judged drives appended one after the other to one file.

A record is ``magic, length, checksum, bytes``; the bytes are zstd-compressed JSON, then the series
as float64 (NaN and infinities stay). A record that a kill cut short or that was damaged is skipped
and found by its checksum; reading goes on at the next magic.
"""

from __future__ import annotations

import fcntl
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from drivewm.eval.schema import SERIES, Cell, Part, cell_of

MAGIC = b"\xd7drive1\n"
_HEAD = struct.Struct("<8sIII")  # magic, length of the packed and of the raw bytes, CRC-32
_LENGTH = struct.Struct("<I")
LARGEST = 1 << 30  # of a record; a greater length is damage


def pack(part: Part) -> bytes:
    """One record."""
    series = part["series"]
    arrays = [np.asarray(series[name], np.float64) for name in SERIES]
    about = {name: rows for name, rows in part.items() if name != "series"}
    about["lengths"] = [len(values) for values in arrays]
    text = json.dumps(about, allow_nan=False).encode()
    raw = b"".join([_LENGTH.pack(len(text)), text, *[values.tobytes() for values in arrays]])
    packed = pa.compress(raw, codec="zstd", asbytes=True)
    return _HEAD.pack(MAGIC, len(packed), len(raw), _checksum(packed, len(raw))) + packed


def _checksum(packed: bytes, raw_length: int) -> int:
    return zlib.crc32(packed, zlib.crc32(_LENGTH.pack(raw_length)))


def unpack(packed: bytes, raw_length: int) -> Part:
    """The drive of a record's bytes; its series are arrays."""
    raw = pa.decompress(packed, raw_length, codec="zstd", asbytes=True)
    (length,) = _LENGTH.unpack_from(raw)
    part = json.loads(raw[_LENGTH.size : _LENGTH.size + length])
    at = _LENGTH.size + length
    key = {name: part["scores"][name] for name in ("planner", "scene_id", "seed")}
    series = dict(key)
    for name, count in zip(SERIES, part.pop("lengths")):
        series[name] = np.frombuffer(raw, np.float64, count, at)
        at += 8 * count
    return part | {"series": series}


class Journal:
    """The file and where each drive lies in it. A drive that is added again counts once, last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.damaged = 0  # records that were there and are not whole
        self._places: dict[Cell, int] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("a+b")
        for place, part in self._scan():
            self._places[cell_of(part["scores"])] = place
        self._file.seek(0, 2)

    def __contains__(self, cell: Cell) -> bool:
        return cell in self._places

    def __len__(self) -> int:
        return len(self._places)

    def add(self, part: Part) -> None:
        """Appends a drive; it is on disk when this returns, as far as a killed process goes."""
        place = self._file.seek(0, 2)
        self._file.write(pack(part))
        self._file.flush()
        self._places[cell_of(part["scores"])] = place

    def read(self, cell: Cell) -> Part:
        """One drive.

        Raises:
            KeyError: it is not there.
        """
        part = self._record_at(self._places[cell])
        if part is None:
            raise KeyError(cell)
        return part

    def lock(self, operation: int) -> None:
        """``fcntl.flock`` on the file.

        Raises:
            BlockingIOError: another process holds it.
        """
        fcntl.flock(self._file, operation)

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()

    def _record_at(self, place: int) -> Part | None:
        self._file.seek(place)
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            return None
        magic, length, raw_length, checksum = _HEAD.unpack(head)
        if magic != MAGIC or length > LARGEST or raw_length > LARGEST:
            return None
        packed = self._file.read(length)
        if len(packed) < length or _checksum(packed, raw_length) != checksum:
            return None
        try:
            return unpack(packed, raw_length)
        except (ValueError, KeyError, struct.error, OSError, pa.ArrowException):  # another version
            return None

    def _scan(self) -> Iterator[tuple[int, Part]]:
        """Every whole record with its place."""
        place, end = 0, self._file.seek(0, 2)
        while place < end:
            part = self._record_at(place)
            if part is not None:
                yield place, part
                place = self._file.tell()
                continue
            self.damaged += 1
            place = self._next_magic(place + 1, end)

    def _next_magic(self, place: int, end: int) -> int:
        """Where the next record may begin, ``end`` if nowhere."""
        block = 1 << 20
        while place < end:
            self._file.seek(place)
            found = self._file.read(block + len(MAGIC)).find(MAGIC)
            if found >= 0:
                return place + found
            place += block
        return end
