"""nbgrader plugins: what of a report reaches nbgrader, and how."""
