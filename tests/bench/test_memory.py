import subprocess
import sys

from tests.bench.memory import Peak

GREEDY = "import time; block = bytearray(80_000_000); block = None; print('done', flush=True); time.sleep(0.5)"


def test_the_peak_of_a_process_is_seen_after_it_gave_the_memory_back():
    process = subprocess.Popen([sys.executable, "-c", GREEDY], stdout=subprocess.PIPE)
    with Peak(process.pid) as peak:
        process.communicate()
    assert peak.bytes > 80_000_000


def test_children_of_the_process_count_too():
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {GREEDY!r}])"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    with Peak(process.pid) as peak:
        process.communicate()
    assert peak.bytes > 80_000_000
