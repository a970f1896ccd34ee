"""From videos to frames to tasks."""
