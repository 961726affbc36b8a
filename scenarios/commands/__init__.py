"""The commands of ``bilevelsim``, one module each: a function of the module's name that returns the exit status.

What a command needs is imported inside of it, so that the others answer quickly.
"""
