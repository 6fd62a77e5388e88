"""What holds for every test."""

import os

from hypothesis import settings

# As in the studies' own processes: threads that wait sleep instead of spinning. libgomp reads this
# when torch is first imported, which no test has done yet.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# The same examples for everyone, so that what fails here fails there; to look for new ones run
# pytest --hypothesis-profile=default.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.load_profile("suite")
