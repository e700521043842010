"""What sharpens a frame: the engine, the catalogue of students and their networks."""
