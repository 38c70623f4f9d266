#!/usr/bin/env python3
"""Runs a program with the system calls that a systemd unit leaves it: confine.py UNIT COMMAND [ARGUMENT ...]

systemd itself is not needed for it, only `systemd-analyze`, which knows what is in each set, and libseccomp. What else
the unit says (folders, users, namespaces) is not done.
"""

import ctypes
import errno
import os
import subprocess
import sys

KILL_PROCESS = 0x80000000
ERRNO = 0x00050000
ALLOW = 0x7FFF0000


def calls(name):
    """The system calls that a name stands for; a set may have other sets in it."""
    if not name.startswith("@"):
        return {name}
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", name], check=True, capture_output=True, text=True
    ).stdout
    names = [line.strip() for line in listed.splitlines()[1:]]
    return set().union(*(calls(inner) for inner in names if inner and not inner.startswith("#")))


def allowed(unit):
    """The system calls that the unit allows, and what becomes of others."""
    left, refused = None, KILL_PROCESS
    for line in open(unit, encoding="utf-8"):
        key, _, value = line.strip().partition("=")
        if key == "SystemCallErrorNumber":
            refused = ERRNO | getattr(errno, value)
        if key != "SystemCallFilter":
            continue
        taken_away = value.startswith("~")
        names = set().union(*(calls(name) for name in value.lstrip("~").split()))
        # A unit that begins with what is taken away leaves the rest, which is not how ours begins.
        left = (left - names) if taken_away else ((left or calls("@default")) | names)
    return left, refused


def main(unit, *command):
    names, refused = allowed(unit)
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(refused)))
    # Python needs this one to become the program.
    for name in names | {"execve"}:
        number = library.seccomp_syscall_resolve_name(name.encode())
        # What this machine does not have is a negative number.
        if number >= 0:
            added = library.seccomp_rule_add(context, ctypes.c_uint32(ALLOW), ctypes.c_int(number), ctypes.c_uint(0))
            assert added == 0, f"{name}: {os.strerror(-added)}"
    loaded = library.seccomp_load(context)
    assert loaded == 0, os.strerror(-loaded)
    os.execvp(command[0], command)


main(*sys.argv[1:])
