"""A command that is refused: answered, nothing changed. Raised and caught within one command."""


class Refusal(Exception):
    """Why, in numbers.

    code: a refusal of the schema. field: name of the field that it is about, or "". low, high:
    what would be accepted.
    """

    def __init__(self, code: int, field: str = "", low: int = 0, high: int = 0) -> None:
        super().__init__(code, field, low, high)
        self.code = code
        self.field = field
        self.low = low
        self.high = high
