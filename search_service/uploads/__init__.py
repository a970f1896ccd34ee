"""Files that people send in over the page: received in parts, then imported."""
