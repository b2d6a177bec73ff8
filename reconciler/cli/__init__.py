"""The command line: one file a command; parse, wire, print, exit code. The rim of everything."""
