"""What requests may hold, checked by pydantic."""
