"""The way of encoded records to the service."""
