"""The library (docs/python.md): what a project can do, one file a verb.

The command line calls it as everybody else does. Nothing here prints, asks, installs a signal
handler or ends the process: what is worth telling goes to a `Listener`, what is wrong is raised.
"""
