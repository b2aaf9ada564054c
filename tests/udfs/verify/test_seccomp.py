"""The filters decide as meant on both machines, by a plain interpreter of their instructions."""

import errno
import os
import struct

import pytest

from udfs.verify import seccomp

PID = 4711
KILL, ALLOW = seccomp._KILL, seccomp._ALLOW
# Calls that are in no table, as they are never allowed: x86_64, aarch64.
NEVER = {
    "socket": (41, 198),
    "connect": (42, 203),
    "execve": (59, 221),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "unlinkat": (263, 35),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "process_vm_readv": (310, 270),
    "pidfd_send_signal": (424, 424),
    "io_uring_setup": (425, 425),
}


def decide(machine: str, for_child: bool, call: int, *arguments: int, arch: int | None = None):
    """Interpret the filter: load word, three jumps, return."""
    program, own = seccomp._instructions(machine, for_child)
    code = [list(each) for each in struct.iter_unpack("<HBBI", program)]
    for place in own:
        code[place // 8][3] = PID
    real = seccomp._MACHINES[machine][0] if arch is None else arch
    data = struct.pack("<iIQ6Q", call, real, 0, *(*arguments, *[0] * (6 - len(arguments))))
    place, word = 0, 0
    while True:
        operation, then, otherwise, operand = code[place]
        place += 1
        if operation == seccomp._LOAD:
            (word,) = struct.unpack_from("<I", data, operand)
        elif operation == seccomp._RETURN:
            return operand
        else:
            holds = {
                seccomp._EQUAL: word == operand,
                seccomp._AT_LEAST: word >= operand,
                seccomp._ANY_BIT: bool(word & operand),
            }[operation]
            place += then if holds else otherwise


def both(machine: str, name: str, *arguments: int) -> int:
    """What the two filters together decide for a child: the stricter one."""
    number = seccomp._MACHINES[machine][1][name]
    decisions = [decide(machine, child, number, *arguments) for child in (False, True)]
    return min(decisions, key=lambda action: (action != KILL, action))


machines = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


@machines
def test_what_computing_needs_is_allowed(machine):
    for name in seccomp._ALLOWED:
        if name in seccomp._MACHINES[machine][1]:
            assert both(machine, name) == ALLOW, name


@machines
@pytest.mark.parametrize("name", NEVER)
def test_what_no_computation_needs_kills_server_and_child(machine, name):
    number = NEVER[name][machine == "aarch64"]
    assert decide(machine, False, number) == KILL


@machines
def test_the_servers_own_calls_kill_a_child(machine):
    table = seccomp._MACHINES[machine][1]
    for name in seccomp._SERVER:
        if name in table:
            assert decide(machine, False, table[name]) == ALLOW, name
            assert decide(machine, True, table[name]) == KILL, name


@machines
def test_files_open_for_reading_only(machine):
    assert both(machine, "openat", 0, 0, os.O_RDONLY | os.O_CLOEXEC) == ALLOW
    for flag in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_TMPFILE):
        assert both(machine, "openat", 0, 0, flag) == KILL, flag


@machines
def test_threads_but_no_processes(machine):
    assert both(machine, "clone", 0x3D0F00) == ALLOW  # as the C library starts a thread
    assert both(machine, "clone", 0x1200011) == KILL  # as it forks
    assert both(machine, "clone3") == seccomp._ERRNO | errno.ENOSYS


@machines
def test_signals_to_itself_only_and_not_to_kill(machine):
    assert both(machine, "kill", PID, 15) == ALLOW
    assert both(machine, "tgkill", PID, PID, 6) == ALLOW
    assert both(machine, "kill", PID, 9) == KILL
    assert both(machine, "tgkill", PID, PID, 9) == KILL
    for other in (0, 1, PID + 1, 2**64 - 1):
        assert both(machine, "kill", other, 15) == KILL


@machines
def test_limits_may_be_read_but_not_set(machine):
    assert both(machine, "prlimit64", 0, 0, 0) == ALLOW
    assert both(machine, "prlimit64", 0, 0, 0x7FFE) == KILL
    assert both(machine, "prlimit64", 0, 0, 1 << 32) == KILL


@machines
def test_another_architectures_calls_kill(machine):
    for child in (False, True):
        assert decide(machine, child, 1, arch=0x40000003) == KILL


@machines
def test_calls_newer_than_the_tables_are_unknown(machine):
    assert decide(machine, False, 460) == seccomp._ERRNO | errno.ENOSYS
