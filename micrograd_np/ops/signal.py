"""Windows, convolution and correlation."""
