"""The flash chip of the board: NOR, as littlefs sees the part of it that holds the file system.

Runs on every runtime. Erasing a block sets all its bits, programming a page only clears some.
Power can fail at every operation, at once or in the middle of it (flash_damage.py), and blocks can
be bad in the ways of DEFECTS.

The times are those of the W25Q16JV of a Pico (Winbond, revision H): 9.6, AC electrical
characteristics, for tSE and tPP; the rated wear is from its list of features.
"""

from emulator import flash_damage
from emulator.generator import Random

BLOCKS = 212  # 848 kB: what the image for a Pico W leaves for files
BLOCK_BYTES = 4_096
PAGE_BYTES = 256
ERASE_US = 45_000  # tSE, typical
ERASE_US_MAX = 400_000
PAGE_US = 400  # tPP, typical
PAGE_US_MAX = 3_000
RATED_ERASES = 100_000
EIO = 5

# What a bad block does: an operation fails, or is not done and nobody is told.
DEFECTS = (
    "program error",
    "erase error",
    "read error",
    "program lost",
    "erase lost",
    "read lost",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional, Tuple

    Content = Tuple[Tuple[bytes, ...], Dict[int, Tuple[bytes, bool]], Tuple[int, ...]]


class Flash:
    """One chip, erased. Sizes in bytes. seed: of what is left to chance where the power fails.

    operations: programmings and erasures so far, those that failed too; not programmings of what
    is there already, for a power failure then leaves what one before leaves. worn: erasures of
    each block. unerased: programmings that asked for a bit to be set, which stays clear. busy_us:
    time spent. erase_us, page_us: what an operation takes. defects: block -> one of DEFECTS. dead:
    the power has failed. spend_us: called with the time that an operation takes.
    """

    def __init__(
        self,
        blocks: int = BLOCKS,
        block_bytes: int = BLOCK_BYTES,
        page_bytes: int = PAGE_BYTES,
        seed: int = 1,
    ) -> None:
        self.block_bytes = block_bytes
        self.page_bytes = page_bytes
        self.operations = 0
        self.unerased = 0
        self.busy_us = 0
        self.erase_us = ERASE_US
        self.page_us = PAGE_US
        self.defects: "Dict[int, str]" = {}
        self.dead = False
        self.spend_us: "Callable[[int], None]" = _in_no_time
        self._erased = b"\xff" * block_bytes
        self._blocks: "List[bytes]" = [self._erased] * blocks
        self.worn = [0] * blocks
        self._weak: "Dict[int, Tuple[bytes, bool]]" = {}  # block -> such bits, whether they waver
        self._set: "Dict[int, bytes]" = {}  # block -> of those that do not, what reads as set
        self._random = Random(seed)
        self._cut: "Optional[Tuple[int, str, int]]" = None
        # Since the last sync: (block, what it was, bits that stay set; b"": erased).
        self._unsynced: "List[Tuple[int, bytes, bytes]]" = []

    def plain(self) -> "Optional[List[bytes]]":
        """The blocks, for reading in a hurry; None where `read` may find something else there."""
        return None if self.dead or self.defects or self._weak else self._blocks

    @property
    def blocks(self) -> int:
        """How many there are."""
        return len(self._blocks)

    @property
    def is_blank(self) -> bool:
        """Whether all bits are set, as it comes."""
        return all([block == self._erased for block in self._blocks])

    @property
    def unsynced(self) -> int:
        """Operations since the last sync: what a cut out of order may lose one of."""
        return len(self._unsynced)

    def read(self, block: int, offset: int, size: int) -> bytes:
        """What is there. OSError where the block is bad so, or the power off."""
        if self.dead:
            raise OSError(EIO)
        if block in self.defects:
            if self.defects[block] == "read error":
                raise OSError(EIO)
            if self.defects[block] == "read lost":
                return self._erased[:size]
        data = self._blocks[block][offset : offset + size]
        if block in self._weak:
            bits = self._set_now(block)[offset : offset + size]
            return flash_damage.either(data, bits)
        return data

    def program(self, block: int, offset: int, data: bytes) -> None:
        """Clear the bits that are clear in ``data``, whole pages. OSError as read.

        ValueError for what is not whole pages of one block.
        """
        size = len(data)
        if offset % self.page_bytes or size % self.page_bytes or not size:
            raise ValueError("not whole pages")
        if offset + size > self.block_bytes:
            raise ValueError("beyond the block")
        old = self._blocks[block]
        was = old[offset : offset + size]
        page = flash_damage.both(was, data)
        if page != data:
            self.unerased += 1
        if page == was and block not in self._weak:
            self._idle(block, self.page_us * (size // self.page_bytes))
            return
        new = old[:offset] + page + old[offset + size :]
        if not self._work(block, "program", new, self.page_us * (size // self.page_bytes)):
            return
        mask = self._erased[:offset] + data + self._erased[offset + size :]
        self._unsynced.append((block, old, mask))
        if block in self._weak:
            mask, wavers = self._weak[block]
            kept = flash_damage.both(mask[offset : offset + size], data)
            self._weak[block] = (mask[:offset] + kept + mask[offset + size :], wavers)

    def erase(self, block: int) -> None:
        """Set all bits of a block. OSError as read."""
        self.worn[block] += 1
        old = self._blocks[block]
        if self._work(block, "erase", self._erased, self.erase_us):
            self._weak.pop(block, None)
            self._unsynced.append((block, old, b""))

    def sync(self) -> None:
        """What was done before can no longer be lost by a cut later."""
        self._unsynced = []

    def cut(self, in_operations: int, kind: str, amount: int = 0) -> None:
        """The power shall fail at an operation; 0: at the next. kind: see flash_damage.CUTS.

        amount: how far a torn operation gets, 0 .. 255 in flash_damage.PARTS of the bytes that
        change; how many bits stay weak, or waver; or, out of order, which operation is lost: 1 is
        the one before, and so on; none where that is before the last sync.
        """
        if kind not in flash_damage.CUTS:
            raise ValueError(kind)
        self._cut = (self.operations + in_operations, kind, amount)

    def power_off(self) -> None:
        """The power fails, now: what is being done is left half done; the rest is refused."""
        self.dead = True

    def power_on(self) -> None:
        """It works again; a cut that has not come is called off."""
        self.dead = False
        self._cut = None
        self._unsynced = []
        self._set = {}

    def snapshot(self) -> "Content":
        """All that it holds, for `restore`; bytes are shared, so it costs next to nothing."""
        return tuple(self._blocks), dict(self._weak), tuple(self.worn)

    def restore(self, content: "Content") -> None:
        """Hold that again, with the power on; operations are counted anew."""
        blocks, weak, worn = content
        self._blocks[:] = blocks
        self._weak = dict(weak)
        self.worn = list(worn)
        self.operations = self.unerased = self.busy_us = 0
        self.power_on()

    def image(self) -> bytes:
        """All bits as they are, weak ones clear."""
        return b"".join(self._blocks)

    def _set_now(self, block: int) -> bytes:
        """Of the bits of a block that are neither set nor clear, those that read as set."""
        mask, wavers = self._weak[block]
        if wavers:
            return flash_damage.some_of(mask, self._random)
        if block not in self._set:
            self._set[block] = flash_damage.some_of(mask, self._random)
        return flash_damage.both(self._set[block], mask)

    def _idle(self, block: int, us: int) -> None:
        """Program what is there already: it takes its time, and fails where the block is bad."""
        if not self.dead:
            self.busy_us += us
            self.spend_us(us)
        if self.dead or self.defects.get(block) == "program error":
            raise OSError(EIO)

    def _work(self, block: int, what: str, new: bytes, us: int) -> bool:
        """Do an operation, or what power and block leave of it. Whether it was done."""
        if self.dead:
            raise OSError(EIO)
        number = self.operations
        self.operations += 1
        cut = self._cut
        if cut is not None and cut[0] == number:
            self.dead = True
            self._leave(block, new, cut[1], cut[2])
            raise OSError(EIO)
        defect = self.defects.get(block)
        good = defect != what + " lost" and defect != what + " error"
        try:
            self.busy_us += us
            self.spend_us(us)
        finally:
            if self.dead:  # the power has failed meanwhile
                self._leave(block, new, "torn", flash_damage.PARTS // 2)
            elif good:
                self._blocks[block] = new
        if self.dead or defect == what + " error":
            raise OSError(EIO)
        return good

    def _leave(self, block: int, new: bytes, kind: str, amount: int) -> None:
        """What a cut makes of a block that was to become ``new``."""
        old = self._blocks[block]
        if kind == "out of order":
            if 0 < amount <= len(self._unsynced):
                self._lose(len(self._unsynced) - amount, block, new)
            else:
                self._blocks[block] = new
        elif kind in ("weak", "wavering"):
            begun = old if new is self._erased else self._before_last_page(old, new)
            mask = flash_damage.weak_bits(begun, new, amount, self._random)
            self._blocks[block] = flash_damage.without(new, mask)
            if block in self._weak:
                mask = flash_damage.either(mask, self._weak[block][0])
            self._weak[block] = (mask, kind == "wavering")
        elif kind == "torn":
            self._blocks[block] = flash_damage.torn(old, new, amount, self._random)
        elif kind == "after":
            self._blocks[block] = new

    def _before_last_page(self, old: bytes, new: bytes) -> bytes:
        """The chip programs one page at a time: a block when only the last of them was to do."""
        end = len(old)
        while end and old[end - self.page_bytes : end] == new[end - self.page_bytes : end]:
            end -= self.page_bytes
        return new[: end - self.page_bytes] + old[end - self.page_bytes :] if end else old

    def _lose(self, number: int, last: int, new: bytes) -> None:
        """This operation since the last sync is not done; those after it are.

        last, new: the block at which the power fails, and what it was to become.
        """
        done = flash_damage.without(self._blocks[last], new)
        mask = b"" if new is self._erased else flash_damage.without(self._erased, done)
        self._blocks[last] = new
        lost, content, _ = self._unsynced[number]
        for block, _, clear in self._unsynced[number + 1 :] + [(last, b"", mask)]:
            if block == lost:
                content = flash_damage.both(content, clear) if clear else self._erased
        self._blocks[lost] = content


def _in_no_time(_us: int) -> None:
    """Stands where nobody keeps the time."""
