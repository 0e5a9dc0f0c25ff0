"""Each app has a user of its own, that nobody can log in as."""
import hashlib
import os
import pwd
import subprocess

from . import files, paths

# What Linux takes for a user's name.
LONGEST = 32


def name_of(app):
    name = f"fw-{app}"
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST - 9]}-{hashlib.sha256(app.encode()).hexdigest()[:8]}"


def ensure(app):
    """The user of the app, with its home; made when it is not there."""
    name = name_of(app)
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        with files.locked("users"):
            subprocess.run(
                ["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home", "--home-dir", paths.home(app),
                 "--shell", "/usr/sbin/nologin", "--comment", f"Fairway app {app}", name],
                check=False, capture_output=True, stdin=subprocess.DEVNULL,
            )
        user = pwd.getpwnam(name)
    home = paths.home(app)
    if not os.path.isdir(home):
        os.makedirs(os.path.dirname(home), mode=0o755, exist_ok=True)
        os.mkdir(home, 0o700)
        os.chown(home, user.pw_uid, user.pw_gid)
    return user
