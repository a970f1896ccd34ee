"""What the model does: from an image to detections, from detections to predictions."""
