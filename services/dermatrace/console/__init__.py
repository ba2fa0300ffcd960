"""What people see of the record, and what they enter: pages, and the same facts as JSON."""
