"""From images to stored detections, a batch at a time."""
