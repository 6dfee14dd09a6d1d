"""What a district sees: District Information, students' Details, and documents."""
