"""What auto-annotation costs, next to what people do instead: `python -m benchmarks.annotate`."""
