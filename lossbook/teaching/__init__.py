"""What only the notebooks need: plotting, checks, exercises, data, training, metrics.

Not part of the package's interface; it may change with the chapters.
"""
