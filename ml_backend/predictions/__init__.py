"""From stored detections to predictions in Label Studio, one for each task and model version."""
