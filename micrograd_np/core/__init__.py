"""The core: an expression is recorded, and the record is walked. It reads from `op` to `tensor`."""
