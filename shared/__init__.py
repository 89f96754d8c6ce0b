"""What every service stands on; nothing here knows a ticket."""

import warnings

# known, and said in docs/adr: nameko 2 is built on it
warnings.filterwarnings("ignore", message=r"(?s)\s*Eventlet is deprecated")
