"""The highest lease of each app that a change was asked for with. An older one is a controller that was superseded."""
from . import files, names, paths
from .refusal import Refusal


def passed(app, given):
    """Lets a change pass, and every later one only with the same lease or a newer one. Call it with the app locked."""
    names.whole_number("fence", given)
    path = f"{paths.STATE}/fences/{app}"
    known = int(files.read(path) or 0)
    if given < known:
        raise Refusal("stale-fence", f"{app}: refused, lease {given} was superseded by lease {known}", given=given, known=known)
    if given > known:
        files.write(path, str(given))
