"""What it takes to write a reply: keys by hand, and keys with everything the workstation offers."""
