"""Tags of the library's pages."""
