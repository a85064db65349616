"""Energy and output records, frozen runs, inventory and trace pages."""
