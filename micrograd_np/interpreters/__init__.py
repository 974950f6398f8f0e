"""Other ways to apply ops: to a whole batch, to masked cotangents, under watch for anomalies."""
