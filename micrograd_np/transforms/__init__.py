"""Transforms: functions that take a function and return another, such as the gradient of `f`."""
