"""The figures that `make prove` measures, one module a subject."""
