"""A price model of decode attention, fitted to published measurements and held against those it did not see."""
