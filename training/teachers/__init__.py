"""Teachers: our own or foreign networks behind one interface, and their outputs as labels."""
