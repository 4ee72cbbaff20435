"""What customers bought: orders from the shop's own books, read and never written."""
