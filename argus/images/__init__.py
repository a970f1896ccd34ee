"""The only code that opens a task's image: fetching with Label Studio's authentication, checking, decoding."""
