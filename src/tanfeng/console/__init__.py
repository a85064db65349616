"""The Django site: records, rights, workflow, pages, API and jobs.

``core`` is the kernel (users, rights, audit, jobs, imports); ``archive``, ``library``,
``accounting`` and ``plan`` each show one room of the engines. An app imports ``core`` and, where
a foreign key needs it, the app of the thing it points to, never in a circle.
"""
