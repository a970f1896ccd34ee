"""What a prediction may lack, and what is odd about it, told from stored detections alone. Pure; needs numpy only."""
