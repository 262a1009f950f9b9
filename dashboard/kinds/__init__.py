"""What a stored object is: classified by its path, read, checked, titled, and written anew.

Pure: no clock, no network, no template. `registry` is the front door.
"""
