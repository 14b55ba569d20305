"""Private attributes by short names: the same program, and only names that are nobody else's."""

import ast

from emulator.bench import file_set
from emulator.bench.short_names import shortened


def test_private_attributes_get_the_shortest_names_that_are_free() -> None:
    text = (
        "class Any:\n"
        "    def __init__(self, _given, taken):\n"
        "        self._rate, self._a = _given, taken\n"
        "        self._due_ms: int = 0\n"
        "        self.public = self._rate + self._due_ms\n"
    )
    assert shortened(text) == (
        "class Any:\n"
        "    def __init__(self, _given, taken):\n"
        "        self._d, self._b = _given, taken\n"
        "        self._c: int = 0\n"
        "        self.public = self._d + self._c\n"
    )


def test_what_is_a_method_or_any_other_name_is_left_alone() -> None:
    text = (
        "_table = 1\n"
        "class Any:\n"
        "    def _look(self): pass\n"
        "    def _told(self, _key=0):\n"
        "        self._table = self._key = _table\n"
        "        self._look = self.__dict__ = 0\n"
        "        return '._seen', other._seen\n"
    )
    assert shortened(text) == text


def test_no_file_of_the_device_uses_a_private_attribute_of_another() -> None:
    """Else one of them would ask by the old name. And the files are as they were otherwise."""
    owners: dict[str, set[str]] = {}
    for path in file_set._sources(release=False):
        text = file_set._text(path)
        tree, short = ast.parse(text), ast.parse(shortened(text))
        nodes, others = list(ast.walk(tree)), list(ast.walk(short))
        assert [type(node) for node in nodes] == [type(node) for node in others]
        renamed = {}
        for node, other in zip(nodes, others, strict=True):
            if isinstance(node, ast.Attribute) and isinstance(other, ast.Attribute):
                assert renamed.setdefault(node.attr, other.attr) == other.attr
                if node.attr != other.attr:
                    assert isinstance(node.value, ast.Name), ast.unparse(node)
        assert len(set(renamed.values())) == len(renamed)
        owners[path.name] = {name for name, now in renamed.items() if name != now}
    assert sum(map(len, owners.values())) > 200


def test_no_class_of_the_device_has_private_attributes_of_a_class_in_another_file() -> None:
    """One that it inherits from would have the same short names for others."""
    for path in file_set._sources(release=False):
        tree = ast.parse(file_set._text(path))
        here = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        bases = {
            ast.unparse(base)
            for node in ast.walk(tree)
            if isinstance(node, ast.ClassDef)
            for base in node.bases
        }
        assert bases - here <= {"Task", "Exception"}, path.name
    task = file_set.ROOT / "firmware/task.py"
    assert shortened(task.read_text()) == task.read_text()
