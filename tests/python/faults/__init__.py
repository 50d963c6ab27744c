"""What is done to the project on purpose: kills, readers, starvation."""
