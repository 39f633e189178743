"""The sequences of letters of passages and questions as sparse vectors: whose product is the BM25 of the lexical index.

A term's number is 32 bits of its hash, so that questions need no table of terms. Where two terms of a corpus have the
same number, all but the first get another one, and these few are told. A term of a question that the corpus does not
have meets the number of one that it has with a probability of 2⁻³² for each: of 100,000 terms, once in 43,000.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qa.indexing.lexical import sequences
from qa.indexing.milvus.row import Weights
from qa.indexing.postings import Postings

# Milvus takes numbers up to 2³² - 2; the last stands for no term, since a vector must not be empty.
NO_TERM = 2**32 - 2
_BLOCK = 4096  # passages whose terms are gathered at a time


def number_of(term: str, others: Mapping[str, int]) -> int:
    """The number of a term; ``others`` are those whose number is not that of their hash."""
    return others[term] if term in others else _hashed(term)


def other_numbers(terms: Iterable[str]) -> dict[str, int]:
    """Of the terms of a corpus those that cannot have the number of their hash, and which they have."""
    taken: set[int] = set()
    late = []
    for term in sorted(terms):
        number = _hashed(term)
        if number in taken:
            late.append(term)
        taken.add(number)
    others = {}
    for term in late:
        salt = 1
        while (number := _hashed(f"{term}\n{salt}")) in taken:
            salt += 1
        taken.add(number)
        others[term] = number
    return others


def asked(question: str, others: Mapping[str, int]) -> Weights:
    """The terms of a question, each with how often it is there."""
    found = Counter(number_of(term, others) for term in sequences(question))
    return _sorted(np.fromiter(found, np.uint32, len(found)), np.fromiter(found.values(), np.float32, len(found)))


def weights_of(postings: Postings, others: Mapping[str, int]) -> Iterator[Weights]:
    """The terms of each passage with their weights in BM25: an inverted index, turned round block by block."""
    numbers = np.fromiter((number_of(term, others) for term in postings.terms), np.uint32, len(postings.terms))
    for start in range(0, postings.size, _BLOCK):
        yield from _block(postings, numbers, start, min(start + _BLOCK, postings.size))


def _block(postings: Postings, numbers: NDArray[np.uint32], start: int, end: int) -> Iterator[Weights]:
    places = np.flatnonzero((postings.passages >= start) & (postings.passages < end))
    owners = postings.passages[places]
    terms = numbers[np.searchsorted(postings.starts, places, side="right") - 1]
    order = np.lexsort((terms, owners))
    owners, terms, weights = owners[order], terms[order], postings.weights[places][order]
    bounds = np.searchsorted(owners, np.arange(start, end + 1))
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        yield Weights(terms[first:last].copy(), weights[first:last].copy())


def products(question: Weights, passages: Sequence[Weights]) -> NDArray[np.float32]:
    """The product of a question with each of some passages: (passages,)."""
    scores = np.zeros(len(passages), np.float32)
    bounds = np.cumsum([0, *(len(one.terms) for one in passages)])
    if not len(question.terms) or not bounds[-1]:
        return scores
    terms = np.concatenate([one.terms for one in passages])
    weights = np.concatenate([one.weights for one in passages])
    places = np.minimum(np.searchsorted(question.terms, terms), len(question.terms) - 1)
    shares = np.where(question.terms[places] == terms, question.weights[places] * weights, np.float32(0))
    owners = np.repeat(np.arange(len(passages)), np.diff(bounds))
    np.add.at(scores, owners, shares)
    return scores


def _sorted(terms: NDArray[np.uint32], weights: NDArray[np.float32]) -> Weights:
    order = np.argsort(terms)
    return Weights(terms[order], weights[order])


def _hashed(term: str) -> int:
    return (
        int.from_bytes(hashlib.blake2b(term.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "little")
        % NO_TERM
    )
