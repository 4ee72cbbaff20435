"""What is run by hand when data that ships with the program is made anew."""
