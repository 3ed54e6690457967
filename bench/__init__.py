"""The benchmarks: every figure beside its limit, measured in the same run. `make bench` runs them all."""
