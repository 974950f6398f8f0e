"""What keeps the core from being silently wrong: views, copies, casts, ways out of the graph."""
