"""Labels taught by examples: what turns a detection's own score and the embedding of its crop into the score shown."""
