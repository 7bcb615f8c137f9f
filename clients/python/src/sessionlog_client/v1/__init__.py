"""The API's generated messages and stubs."""
