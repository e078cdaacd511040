"""One kind of fault a file: ``tried(given)`` brings it about, holds what is left to what is promised, and tells what was seen."""
