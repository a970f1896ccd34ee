"""The search service beside what a person would take instead: `python -m benchmarks.search`."""
