"""From predictions to annotations: candidates, acceptance, undo."""
