"""The embedded stack: every server and process of Argus as children of one process, without containers.

`Stack` (in `argus.stack.stack`) is the entrance. Nothing here is needed when the processes run as containers.
"""
