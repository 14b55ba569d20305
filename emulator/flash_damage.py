"""What a power cut leaves of a flash operation. Runs on every runtime; bytes in, bytes out.

No data sheet says what a cut leaves. These are the worst that is told of NOR flash: a page that
ends anywhere, also within a byte; a block that had been cleared for erasing and not yet set, or
set in part; cells between set and clear, which read either way: each time anew (wavering), or as
supply and temperature have it, until the next power-on (weak); and, for a chip behind a cache, an
operation since the last sync that was not yet done when this one was.
"""

CUTS = ("before", "torn", "weak", "wavering", "out of order", "after")
PARTS = 256  # in which it is said how far a torn operation got

TYPE_CHECKING = False
if TYPE_CHECKING:
    from emulator.generator import Random


def both(one: bytes, other: bytes) -> bytes:
    """Bits that are set in both. Of one length."""
    bits = int.from_bytes(one, "big") & int.from_bytes(other, "big")
    return bits.to_bytes(len(one), "big")


def either(one: bytes, other: bytes) -> bytes:
    """Bits that are set in one of them, or in both. Of one length."""
    bits = int.from_bytes(one, "big") | int.from_bytes(other, "big")
    return bits.to_bytes(len(one), "big")


def without(data: bytes, mask: bytes) -> bytes:
    """The bits of ``data`` that are not in ``mask``. Of one length."""
    bits = int.from_bytes(data, "big")
    return (bits ^ (bits & int.from_bytes(mask, "big"))).to_bytes(len(data), "big")


def some_of(mask: bytes, random: "Random") -> bytes:
    """Bits of ``mask``, each by chance."""
    return bytes([bits & random.u16() if bits else 0 for bits in mask])


def weak_bits(old: bytes, new: bytes, count: int, random: "Random") -> bytes:
    """At most ``count`` of the bits that were to change."""
    mask = bytearray(len(old))
    places = [place for place in range(len(old)) if old[place] != new[place]]
    for _ in range(count if places else 0):
        place = places[random.below(len(places))]
        changed = old[place] ^ new[place]
        bit = 1 << random.below(8)
        mask[place] |= bit if changed & bit else changed & -changed
    return bytes(mask)


def torn(old: bytes, new: bytes, part: int, random: "Random") -> bytes:
    """A block that was to become ``new``, given up when so many of PARTS were done.

    An erasure is known by the bits that it sets. It is given up when the block has been cleared,
    as it is before it is set; in the middle, the bits in any order; in the middle, one half after
    the other; or all but done.
    """
    places = [place for place in range(len(old)) if old[place] != new[place]]
    if not places:
        return old
    place = places[len(places) * part // PARTS]
    if new[place] & ~old[place]:
        return _torn_erasure(old, new, part * 4 // PARTS, random)
    kept = new[place] | (random.u16() & old[place])
    return new[:place] + bytes([kept]) + old[place + 1 :]


def _torn_erasure(old: bytes, new: bytes, quarter: int, random: "Random") -> bytes:
    size = len(old)
    if quarter == 0:
        return bytes(size)
    if quarter == 1:
        clear = bytes([random.below(256) | random.below(256) for _ in range(64)])
        return without(new, without((clear * (size // 64 + 1))[:size], old))
    if quarter == 2:
        return new[: size // 2] + old[size // 2 :]
    place = random.below(size)
    return new[:place] + old[place : place + 1] + new[place + 1 :]
