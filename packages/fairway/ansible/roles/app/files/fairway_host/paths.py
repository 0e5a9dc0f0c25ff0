"""Where things lie on a host."""
import os

STATE = "/var/lib/fairway"
UNITS = "/etc/systemd/system"
WANTS = f"{UNITS}/multi-user.target.wants"
TEMPLATE = f"{UNITS}/fairway-instance@.service"
RUN = "/run/fairway"


def releases(app):
    return f"{STATE}/releases/{app}"


def release(app, name):
    return f"{STATE}/releases/{app}/{name}"


def incoming(sha256):
    return f"{STATE}/incoming/{sha256}.part"


def home(app):
    """What the app may write to, and keeps."""
    return f"{STATE}/data/{app}"


def slots(app):
    return f"{STATE}/slots/{app}"


def slot(address):
    app, instance, name = address
    return f"{STATE}/slots/{app}/{instance}.{name}"


def ending(address):
    """How the slot's process ended since the machine was booted. systemd makes the folder, for the app's user."""
    return f"{RUN}/slots/{':'.join(address)}/ending.json"


def current(address):
    """A link to the release that the slot runs."""
    app, instance, name = address
    return f"{STATE}/current/{app}/{instance}.{name}"


def unit(address):
    return f"fairway-instance@{':'.join(address)}.service"


def address_of(instance_name):
    """The slot of a unit's instance name, as systemd gives it in `%i`."""
    parts = tuple(instance_name.split(":"))
    return parts if len(parts) == 3 else None


def entries(folder):
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
