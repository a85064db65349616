"""Month close: what the meters measured goes into the energy form, and stays written down."""
