"""What people have written, as the pages of their life need it: loaded, merged, counted, stored."""
