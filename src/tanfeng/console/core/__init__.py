"""The kernel of the console: users, rights, audit, jobs and imports."""
