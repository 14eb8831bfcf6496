"""CPU time, for tests that something does not take very long; how fast things are is for the benchmarks."""

from time import process_time


def seconds(work):
    """The least time of three runs: any one may be held up by what else the process has to do."""
    times = []
    for _ in range(3):
        start = process_time()
        work()
        times.append(process_time() - start)
    return min(times)
