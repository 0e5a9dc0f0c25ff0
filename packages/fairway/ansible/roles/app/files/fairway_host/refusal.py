class Refusal(Exception):
    """Something was asked that is not done. `fields` are for a program, the message is for a person."""

    def __init__(self, code, message, **fields):
        super().__init__(message)
        self.code = code
        self.fields = fields

    def as_json(self):
        return {"code": self.code, "message": str(self), **self.fields}
