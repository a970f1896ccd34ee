"""What a person does: sync, search, views, runs, review, export, and the page."""
