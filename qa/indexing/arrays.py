"""Arrays of a generation, as they are kept while it answers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is mapped takes no memory of its own, and several workers share it; but whoever writes into the file writes into
# the answers, and who cuts it short ends the process. The token vectors of some 5,000 passages are worth a copy.
LARGEST_COPY = 256 * 1024 * 1024


def kept(mapped: NDArray[Any]) -> NDArray[Any]:
    """A copy of an array that is mapped from a file, whatever becomes of it; of one over 256 MiB the mapping itself."""
    # Not an np.memmap in either case: taking a part of one costs a microsecond each time.
    return np.array(mapped) if mapped.nbytes <= LARGEST_COPY else np.asarray(mapped)
