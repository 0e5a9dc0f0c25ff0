"""Files that are whole or not there, and locks that end with their holder."""
import contextlib
import fcntl
import json
import os
import signal

from . import paths


def write(path, content, mode=0o600):
    """Writes a file in one move; True when that changed it."""
    data = content.encode()
    if read(path) == content and os.stat(path).st_mode & 0o777 == mode:
        return False
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    partial = f"{path}.{os.getpid()}.part"
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        os.fchmod(descriptor, mode)
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(descriptor)
    except BaseException:
        os.unlink(partial)
        raise
    finally:
        os.close(descriptor)
    os.rename(partial, path)
    return True


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def write_json(path, value, mode=0o600):
    write(path, json.dumps(value), mode)


def read_json(path):
    text = read(path)
    return None if text is None else json.loads(text)


def link(path, target):
    """Points a link to a target in one move; True when that changed it."""
    if os.path.islink(path) and os.readlink(path) == target:
        return False
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    partial = f"{path}.{os.getpid()}.part"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(partial)
    os.symlink(target, partial)
    os.rename(partial, path)
    return True


@contextlib.contextmanager
def locked(name):
    """One holder at a time on this host; the kernel frees it when the holder dies."""
    descriptor = open_lock(name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def taken_over(name):
    """As `locked`, but a holder that is there already is ended instead of waited for."""
    descriptor = open_lock(name)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            end_holder(descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def end_holder(descriptor):
    with contextlib.suppress(ValueError, ProcessLookupError):
        os.kill(int(os.pread(descriptor, 20, 0)), signal.SIGKILL)


def open_lock(name):
    folder = f"{paths.STATE}/locks"
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.open(f"{folder}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
