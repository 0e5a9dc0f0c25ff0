"""Unpacks an artifact, and nothing but files, folders and links that stay inside of it."""
import os
import posixpath
import tarfile

from .refusal import Refusal

BLOCK = 1024 * 1024


def unsafe(name, why):
    return Refusal("bad-artifact", f"it cannot be unpacked safely: {name!r} {why}")


def unpack(stream, folder):
    """Unpacks a gzipped tarball into an empty folder, owned by root and writable by nobody else."""
    folders = {""}
    links = []
    with tarfile.open(fileobj=stream, mode="r|gz", bufsize=BLOCK) as archive:
        for member in archive:
            name = checked(member.name)
            if name == "":
                continue
            place = f"{folder}/{name}"
            if member.mode & 0o6000:
                raise unsafe(name, "is setuid or setgid")
            if member.isdir():
                make_folder(folder, name, folders)
                continue
            make_folder(folder, posixpath.dirname(name), folders)
            if member.isreg():
                write(archive.extractfile(member), place, 0o755 if member.mode & 0o100 else 0o644)
            elif member.issym():
                links.append((name, place, checked_target(name, member.linkname)))
            elif member.islnk():
                os.link(f"{folder}/{checked(member.linkname)}", place, follow_symlinks=False)
            else:
                raise unsafe(name, "is neither a file, a folder nor a link")
    # Last, so that nothing is ever written through a link.
    for _, place, target in links:
        os.symlink(target, place)
    # A link may lead out by way of another one, which its text alone does not show.
    for name, place, target in links:
        if not f"{os.path.realpath(place)}/".startswith(f"{os.path.realpath(folder)}/"):
            raise unsafe(name, f"is a link to {target!r}, outside of the release")


def checked(name):
    if name.startswith("/") or "\0" in name or ".." in name.split("/"):
        raise unsafe(name, "leads out of the release")
    normal = posixpath.normpath(name)
    return "" if normal == "." else normal


def checked_target(name, target):
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if target.startswith("/") or inside == ".." or inside.startswith("../"):
        raise unsafe(name, f"is a link to {target!r}, outside of the release")
    return target


def make_folder(root, name, folders):
    if name in folders:
        return
    make_folder(root, posixpath.dirname(name), folders)
    os.mkdir(f"{root}/{name}", 0o755)
    folders.add(name)


def write(source, place, mode):
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        os.fchmod(descriptor, mode)
        while block := source.read(BLOCK):
            view = memoryview(block)
            while view:
                view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)
