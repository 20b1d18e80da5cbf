"""Ways to reach a device: each is a row of `table` and a file, and gives a `Line`."""
