"""A session, and its record as bytes."""
