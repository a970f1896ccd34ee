"""The state of every part, and the checks behind `argus doctor`."""
