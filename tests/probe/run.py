"""`python -m tests.probe.run probe|probe-worker`."""

import sys

from shared.run import serve  # first: it makes the sockets green
from tests.probe.service import Probe, ProbeWorker

if __name__ == "__main__":
    sys.exit(serve({"probe": Probe, "probe-worker": ProbeWorker}[sys.argv[1]]))
