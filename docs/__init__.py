"""Documents, and the code that writes the parts of them that are taken from the program (`python -m docs.generate`)."""
