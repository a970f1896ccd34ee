"""Label Studio's ML backend protocol over HTTP."""
