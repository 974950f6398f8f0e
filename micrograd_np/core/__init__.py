"""The core: an expression is recorded, and the record is walked. Read from `op` to `tensor`."""
