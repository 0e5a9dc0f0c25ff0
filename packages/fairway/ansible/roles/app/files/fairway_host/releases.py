"""Releases: received, verified, unpacked beside the others, and only then named."""
import contextlib
import hashlib
import os
import secrets
import shutil
import subprocess
import time

from . import fences, files, names, paths, slots, users
from .refusal import Refusal, disk_full
from .unpack import unpack

BLOCK = 1024 * 1024
# Half unpacked or half removed: begins with a dot, which no release's name does.
UNFINISHED = ".unfinished-"


def wanted(request):
    return (
        names.app(request.get("app")),
        names.release(request.get("release")),
        names.matching("sha256", names.SHA256, request.get("sha256")),
    )


def offer(_, request):
    """Whether a release is here, and otherwise how many bytes of its artifact an earlier attempt has left."""
    app, release, sha256 = wanted(request)
    with files.locked(app):
        fences.passed(app, request.get("fence"))
    if os.path.isdir(paths.release(app, release)):
        return {"installed": True, "received": 0}
    return {"installed": False, "received": size_of(paths.incoming(sha256))}


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def receive(request, source):
    """Takes the bytes of an artifact from where an earlier attempt ended, then installs it."""
    app, release, sha256 = wanted(request)
    offset = names.whole_number("offset", request.get("offset"))
    size = names.whole_number("size", request.get("size"))
    path = paths.incoming(sha256)
    # An attempt before this one may still wait for bytes that will never come: its connection was cut.
    with files.taken_over(f"incoming-{sha256}"), freed_when_full(path):
        take(path, source, offset, size)
        with files.locked(app):
            fences.passed(app, request.get("fence"))
        if not os.path.isdir(paths.release(app, release)):
            install(app, release, sha256, path)
        slots.remove(path)


def take(path, source, offset, size):
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+b") as file:
        if os.fstat(file.fileno()).st_size < offset:
            raise Refusal("resume-elsewhere", "fewer bytes are here than were counted; ask again")
        file.truncate(offset)
        file.seek(offset)
        while block := source.read1(BLOCK):
            file.write(block)
            file.flush()
        if file.tell() != size:
            raise Refusal("cut-short", f"{file.tell()} of {size} bytes arrived")


def install(app, release, sha256, path):
    owner = users.ensure(app)
    # By the same name at each attempt: one that was killed leaves nothing for long.
    folder = f"{paths.releases(app)}/{UNFINISHED}{sha256}"
    shutil.rmtree(folder, ignore_errors=True)
    with open(path, "rb") as file:
        verify(Hashing(file).finish(), release, sha256, path)
        file.seek(0)
        os.makedirs(folder, mode=0o755)
        # Other apps do not look into it.
        os.chown(paths.releases(app), 0, owner.pw_gid)
        os.chmod(paths.releases(app), 0o750)
        try:
            reader = Hashing(file)
            unpack_or_refuse(reader, folder)
            # Over the very bytes that were unpacked.
            verify(reader.finish(), release, sha256, path)
            os.chmod(folder, 0o755)
            # One flush for all: a power cut after the move must not leave empty files.
            subprocess.run(["/usr/bin/sync", "-f", folder], check=True, stdin=subprocess.DEVNULL, capture_output=True)
            os.rename(folder, paths.release(app, release))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise


class Hashing:
    """A file that hashes what is read of it."""

    def __init__(self, file):
        self.file = file
        self.hash = hashlib.sha256()

    def read(self, size=-1):
        block = self.file.read(size)
        self.hash.update(block)
        return block

    def finish(self):
        while self.read(BLOCK):
            pass
        return self.hash.hexdigest()


def unpack_or_refuse(reader, folder):
    try:
        unpack(reader, folder)
    except Refusal:
        raise
    except Exception as error:
        if disk_full(error) is not None:
            raise
        raise Refusal("bad-artifact", f"it cannot be unpacked: {error}") from error


def verify(found, release, expected, path):
    if found == expected:
        return
    slots.remove(path)
    raise Refusal("digest-mismatch", f"{release} has SHA-256 {found}", expected=expected, found=found)


@contextlib.contextmanager
def freed_when_full(path):
    """A part that does not fit is not kept: it would only keep the disk full."""
    try:
        yield
    except OSError as error:
        if disk_full(error) is not None:
            slots.remove(path)
        raise


def prune(systemd, request):
    """Removes releases that are neither to be kept nor run, and what attempts have left."""
    app = names.app(request.get("app"))
    keep = {names.release(name) for name in names.texts("keep", request.get("keep"))}
    with files.locked(app):
        fences.passed(app, request.get("fence"))
        keep |= slots.running_releases(systemd, app)
        for entry in paths.entries(paths.releases(app)):
            if entry in keep or entry.startswith(UNFINISHED) and not is_old(f"{paths.releases(app)}/{entry}"):
                continue
            aside = f"{paths.releases(app)}/{UNFINISHED}{secrets.token_hex(6)}"
            os.rename(f"{paths.releases(app)}/{entry}", aside)
            shutil.rmtree(aside, ignore_errors=True)
    for entry in paths.entries(f"{paths.STATE}/incoming"):
        part = f"{paths.STATE}/incoming/{entry}"
        if is_old(part):
            slots.remove(part)


def is_old(path):
    """Nobody works on it any more."""
    try:
        return os.stat(path).st_mtime < time.time() - 24 * 3600
    except FileNotFoundError:
        return False
