"""What a history tells: deadlines explained, and what another policy would have made of it."""
