"""One module a command, each thin over the service that does the work."""
