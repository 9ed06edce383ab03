"""The 47 jobs of the incident: unequal, and 2.5 % of the pool each on average."""

import random
from dataclasses import dataclass

JOBS = 47
MEAN_SHARE = 0.025  # of the pool's memory
MEAN_CPU_SHARE = 0.006  # of its CPU: memory is what runs out in this incident
REQUEST_ERROR = 0.30  # a request is right within this
SHAPES = ("ramp", "ramp", "staircase", "burst", "cache")
SEED = 47


@dataclass(frozen=True)
class Job:
    name: str
    shape: str
    peak_bytes: int
    cpu_millis: int
    seconds: float
    request_bytes: int

    def submission(self, program, limit_bytes):
        """What a client posts to /v1/jobs. The limit is huge and the same for all, as the first users' is."""
        return {
            "name": self.name,
            "key": self.name,
            "command": [program, self.shape, str(self.peak_bytes), f"{self.seconds:.1f}", str(self.cpu_millis)],
            "working_directory": "/",
            "request": {"memory": self.request_bytes, "cpu": f"{self.cpu_millis}m", "pids": 4},
            "limits": {"memory": limit_bytes},
        }


def _scaled(values, mean):
    factor = mean * len(values) / sum(values)
    return [value * factor for value in values]


def incident(pool_bytes, pool_cpu_millis, seed=SEED):
    """The same jobs for every policy."""
    rng = random.Random(seed)
    sizes = _scaled([rng.lognormvariate(0, 0.25) for _ in range(JOBS)], MEAN_SHARE)
    errors = [rng.uniform(1 - REQUEST_ERROR, 1 + REQUEST_ERROR) for _ in range(JOBS)]
    jobs = []
    for number, (share, error) in enumerate(zip(sizes, errors), start=1):
        shape = rng.choice(SHAPES)
        peak = int(share * pool_bytes)
        jobs.append(
            Job(
                name=f"project-{number:02d}-{shape}",
                shape=shape,
                peak_bytes=peak,
                cpu_millis=max(5, int(MEAN_CPU_SHARE * pool_cpu_millis * rng.uniform(0.6, 1.4))),
                seconds=rng.uniform(28, 48),
                request_bytes=int(peak * error),
            )
        )
    return jobs
