"""Vectors in PostgreSQL: the store, its indexes, and a change of model."""
