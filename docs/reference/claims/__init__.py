"""What each paper claims, a module a paper: its studies, and how its claims follow from their numbers."""
