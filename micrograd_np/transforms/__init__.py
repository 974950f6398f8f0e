"""Transforms: functions that take a function and return another, such as its gradient."""
