"""The opposite of each of the old system's thirteen faults, one test each, named after it."""
