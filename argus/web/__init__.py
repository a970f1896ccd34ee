"""What the two Flask apps share: probes, request ids, rate limits, checks of origin and host, metrics."""
