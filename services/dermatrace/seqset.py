"""A set of sequence numbers that stays small and quick whatever is put into it.

Pages of 1,024 bits. A run of numbers costs one page for every thousand; a hostile pattern, every
second number of a whole stream, costs 1,024 pages or about 200 KB and no more.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeAlias

from dermatrace_schemas.limits import SEQ_MAX

PAGE_BITS: Final = 1_024
PAGE_BYTES: Final = PAGE_BITS // 8
FULL: Final = (1 << PAGE_BITS) - 1

Span: TypeAlias = tuple[int, int]
"""First and last number, both included."""


class SeqSet:
    """A set of sequence numbers, 0 to SEQ_MAX."""

    __slots__ = ("_pages",)

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._pages: dict[int, int] = {}
        for first, last in spans:
            self.add_span(first, last)

    @classmethod
    def from_pages(cls, pages: Mapping[int, int]) -> "SeqSet":
        """Return the set that `pages` (page number to bits) describes."""
        made = cls()
        made._pages = {number: bits for number, bits in pages.items() if bits}
        return made

    def page(self, number: int) -> int:
        """Return the bits of one page; bit n of page p stands for p * PAGE_BITS + n."""
        return self._pages.get(number, 0)

    @property
    def page_numbers(self) -> Iterable[int]:
        """Which pages are in use."""
        return self._pages.keys()

    @property
    def page_count(self) -> int:
        """Pages in use: the measure of what the set costs."""
        return len(self._pages)

    def __contains__(self, seq: int) -> bool:
        number, bit = divmod(seq, PAGE_BITS)
        return bool(self._pages.get(number, 0) >> bit & 1)

    def __bool__(self) -> bool:
        return bool(self._pages)

    def __len__(self) -> int:
        return sum(bits.bit_count() for bits in self._pages.values())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SeqSet) and self._pages == other._pages

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"SeqSet({self.spans(limit=20)})"

    def add(self, seq: int) -> None:
        """Put one number in."""
        number, bit = divmod(seq, PAGE_BITS)
        self._pages[number] = self._pages.get(number, 0) | 1 << bit

    def discard(self, seq: int) -> None:
        """Take one number out, if it is there."""
        number, bit = divmod(seq, PAGE_BITS)
        self._keep(number, self.page(number) & ~(1 << bit))

    def add_span(self, first: int, last: int) -> None:
        """Put all numbers from `first` to `last` in."""
        for number, mask in _masks(first, last):
            self._pages[number] = self._pages.get(number, 0) | mask

    def discard_span(self, first: int, last: int) -> None:
        """Take all numbers from `first` to `last` out."""
        for number, mask in list(self._used_masks(first, last)):
            self._keep(number, self._pages[number] & ~mask)

    def add_all(self, other: "SeqSet") -> None:
        """Put all numbers of another set in."""
        for number in other.page_numbers:
            self._pages[number] = self.page(number) | other.page(number)

    def discard_all(self, other: "SeqSet") -> None:
        """Take all numbers of another set out."""
        for number in self._pages.keys() & set(other.page_numbers):
            self._keep(number, self._pages[number] & ~other.page(number))

    def part(self, first: int, last: int) -> "SeqSet":
        """Return the numbers between `first` and `last` as a set of their own."""
        masks = self._used_masks(first, last)
        return SeqSet.from_pages({number: self._pages[number] & mask for number, mask in masks})

    def first_absent(self, start: int = 0) -> int:
        """Return the lowest number not in the set, from `start` on."""
        number, bit = divmod(start, PAGE_BITS)
        bits = self._pages.get(number, 0) >> bit
        absent = _trailing_ones(bits)
        if bit + absent < PAGE_BITS:
            return start + absent
        number += 1
        while self._pages.get(number, 0) == FULL:
            number += 1
        return number * PAGE_BITS + _trailing_ones(self._pages.get(number, 0))

    def lowest(self) -> int:
        """Return the lowest number in the set, -1 if it is empty."""
        if not self._pages:
            return -1
        number = min(self._pages)
        bits = self._pages[number]
        return number * PAGE_BITS + (bits & -bits).bit_length() - 1

    def highest(self) -> int:
        """Return the highest number in the set, -1 if it is empty."""
        if not self._pages:
            return -1
        number = max(self._pages)
        return number * PAGE_BITS + self._pages[number].bit_length() - 1

    def spans(self, first: int = 0, last: int = SEQ_MAX, *, limit: int | None = None) -> list[Span]:
        """Return the runs in the set between `first` and `last`, lowest first, at most `limit`."""
        masks = ((n, self._pages[n] & m) for n, m in self._used_masks(first, last))
        return _join(masks, limit)

    def gaps(self, first: int, last: int, *, limit: int | None = None) -> list[Span]:
        """Return the runs missing from the set between `first` and `last`, at most `limit`."""
        masks = ((n, ~self._pages.get(n, 0) & m) for n, m in _masks(first, last))
        return _join(masks, limit)

    def _keep(self, number: int, bits: int) -> None:
        if bits:
            self._pages[number] = bits
        else:
            self._pages.pop(number, None)

    def _used_masks(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        low, high = first // PAGE_BITS, last // PAGE_BITS
        for number in sorted(self._pages):
            if low < number < high:
                yield number, FULL
            elif low <= number <= high:
                yield from _masks(
                    max(first, number * PAGE_BITS), min(last, number * PAGE_BITS + PAGE_BITS - 1)
                )


def _masks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Cut a span into pages: (page number, bits of the span in it)."""
    seq = first
    while seq <= last:
        number, bit = divmod(seq, PAGE_BITS)
        width = min(last - seq + 1, PAGE_BITS - bit)
        yield number, FULL if width == PAGE_BITS else ((1 << width) - 1) << bit
        seq += width


def _trailing_ones(bits: int) -> int:
    return (~bits & (bits + 1)).bit_length() - 1


def _join(masks: Iterable[tuple[int, int]], limit: int | None) -> list[Span]:
    """Turn bits into runs; a run may cross pages."""
    found: list[Span] = []
    for number, page in masks:
        bits, base = page, number * PAGE_BITS
        while bits:
            low = (bits & -bits).bit_length() - 1
            width = _trailing_ones(bits >> low)
            first, last = base + low, base + low + width - 1
            if found and found[-1][1] == first - 1:
                found[-1] = (found[-1][0], last)
            elif limit is not None and len(found) == limit:
                return found
            else:
                found.append((first, last))
            bits &= ~(((1 << width) - 1) << low)
    return found
