"""How a student comes to be: data, degradation, fitting, judging, export."""
