"""The figures of the chapters whose code teaches nothing, a module a chapter.

A function draws what it is given, computes nothing, and returns the figure: the notebook shows it
with its alternative text.
"""
