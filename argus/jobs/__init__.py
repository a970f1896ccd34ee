"""RQ as Argus uses it: queues, leased workers, and what is kept of a worker that failed."""
