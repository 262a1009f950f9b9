"""A node of the Mainline DHT: BEP 5, 32, 42, 43 and 44. It may be lifted out as it is."""
