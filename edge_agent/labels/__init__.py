"""Labels: templates with named fields, drawn once, and sent as ZPL II or shown as a picture."""
