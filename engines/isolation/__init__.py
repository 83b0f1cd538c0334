"""Worker processes for work on untrusted input, which can be killed: limits on time and memory that native code cannot ignore."""
