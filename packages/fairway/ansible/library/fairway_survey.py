#!/usr/bin/python3
"""All that Fairway's roles need to know of a machine, in one quick look instead of Ansible's gather_facts."""

from __future__ import annotations

import glob
import json
import os
import platform
import re

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: fairway_survey
short_description: look at a machine before it is provisioned
description: Reads the distribution, sshd's ports, the time daemon and Fairway's own mark. Changes nothing.
author: Fairway
"""

EXAMPLES = r"""
- name: Look at the machine
  fairway_survey:
"""

RETURN = r"""
ansible_facts:
  description: C(fairway_survey), a dictionary, and C(architecture) as gather_facts has it.
  returned: always
  type: dict
"""

TIME_DAEMONS = {"chrony": "/usr/sbin/chronyd", "ntpsec": "/usr/sbin/ntpd", "openntpd": "/usr/sbin/openntpd"}
MARK = "/etc/fairway/host.json"


def os_release():
    found = {}
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            for line in file:
                key, separator, value = line.strip().partition("=")
                if separator:
                    found[key] = value.strip("\"'")
    except OSError:
        pass
    return found


def ssh_ports(module):
    """Those that sshd itself says, for a firewall that must never shut out who is working here."""
    sshd = module.get_bin_path("sshd", opt_dirs=["/usr/sbin", "/sbin"])
    found = set()
    if sshd:
        _code, output, _errors = module.run_command([sshd, "-T"])
        found.update(int(port) for port in re.findall(r"^port (\d+)$", output, re.MULTILINE))
    connection = os.environ.get("SSH_CONNECTION", "").split()
    if len(connection) == 4:
        found.add(int(connection[3]))
    return sorted(found) or [22]


def mark():
    try:
        with open(MARK, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def main():
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    release = os_release()
    family = [release.get("ID", ""), *release.get("ID_LIKE", "").split()]
    daemons = [name for name, program in TIME_DAEMONS.items() if os.path.exists(program)]
    survey = {
        "name": release.get("PRETTY_NAME", "an unknown system"),
        "codename": release.get("VERSION_CODENAME", ""),
        "architecture": os.uname().machine,
        "is_debian": "debian" in family,
        "has_systemd": os.path.isdir("/run/systemd/system"),
        "is_container": os.path.exists("/run/systemd/container"),
        "ssh_ports": ssh_ports(module),
        "time_daemon": daemons[0] if daemons else "",
        "has_package_lists": bool(glob.glob("/var/lib/apt/lists/*_Packages*")),
        "mark": mark(),
    }
    facts = {"fairway_survey": survey, "architecture": platform.machine()}
    module.exit_json(changed=False, ansible_facts=facts)


if __name__ == "__main__":
    main()
