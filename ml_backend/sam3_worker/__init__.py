"""The process that holds SAM 3: loading, self-test, and its jobs."""
