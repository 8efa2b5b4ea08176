"""Pure values: tickets, outcomes, labels, text, privacy, the working-day calendar. No I/O."""
