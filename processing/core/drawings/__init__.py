"""Networks as people see them: laid out, drawn, and how strongly their units answer."""
