"""From pages to typed frames: whole objects, one student, what is not shared."""
