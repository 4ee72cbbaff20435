"""What a bad line does, on real sockets."""
