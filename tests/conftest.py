"""What holds for every test."""

import os

# As in the studies' own processes: threads that wait sleep instead of spinning. libgomp reads this
# when torch is first imported, which no test has done yet.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
