"""Estimation of the models behind predicted customer lifetime value."""

import os

# The matrices are two to four wide: threads for them cost several times what
# the whole fit does. Said before scipy is loaded, which asks only then.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
