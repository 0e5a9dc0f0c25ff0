import errno


class Refusal(Exception):
    """Something was asked that is not done. `fields` are for a program, the message is for a person."""

    def __init__(self, code, message, **fields):
        super().__init__(message)
        self.code = code
        self.fields = fields

    def as_json(self):
        return {"code": self.code, "message": str(self), **self.fields}


def disk_full(error):
    """The refusal for an error of the system that means a full disk; none for any other."""
    if not isinstance(error, OSError) or error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return Refusal("disk-full", "nothing can be written there any more")
