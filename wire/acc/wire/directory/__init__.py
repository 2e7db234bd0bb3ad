"""Every resource that acc has. What each word means is in `resources`; `index` has them all."""
