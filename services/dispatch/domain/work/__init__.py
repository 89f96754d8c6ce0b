"""Work orders: what they are, what may be done with them, what time does, who gets them."""
