"""Properties are tried on the same examples each time, on machines of any speed; `make test-deep` tries new ones."""

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
