"""Pages of this app, one module per page family."""
