"""Random integers, the same on every runtime: Marsaglia's 32-bit xorshift (13, 17, 5).

G. Marsaglia, Xorshift RNGs, Journal of Statistical Software 8(14), 2003: period 2**32 - 1. For
noise and for choosing test cases; nothing here is secret.
"""

_U32_MASK = 0xFFFF_FFFF
_SPREAD = 2_654_435_761  # odd, about 2**32 over the golden ratio: parts neighbouring seeds
_NONZERO = 0x6D2B_79F5  # stands in for 0, the one state that xorshift cannot leave
_WARM_UP = 4  # numbers thrown away: the first ones of neighbouring seeds still resemble


class Random:
    """One stream of numbers. seed: any int; seeds equal modulo 2**32 give the same stream."""

    def __init__(self, seed: int) -> None:
        self._state = seed * _SPREAD & _U32_MASK or _NONZERO
        for _ in range(_WARM_UP):
            self.u16()

    def u16(self) -> int:
        """0 .. 65_535, each equally likely."""
        return self._u32() >> 16

    def below(self, n: int) -> int:
        """0 .. n - 1. n: 1 .. 65_536, else ValueError. Even to n / 2**32."""
        if not 1 <= n <= 65_536:
            raise ValueError("n must be 1 .. 65_536")
        return self._u32() * n >> 32

    def _u32(self) -> int:
        state = self._state
        state ^= state << 13 & _U32_MASK
        state ^= state >> 17
        state ^= state << 5 & _U32_MASK
        self._state = state
        return state
