"""Speed and memory of the proxy beside real peers, as ratios. A benchmark, not a test.

`python -m benchmarks` runs everything, see `docs/benchmarks.md` for how to read the outcome.
Nothing here may be imported by the package.
"""
