"""Tools of the project itself: they measure, they ship to nobody."""
