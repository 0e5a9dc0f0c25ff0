"""What a launch becomes on a host, as text that systemd reads."""
import unittest

from fairway_host import ending, failures
from fairway_host.backoff import delay_ms, failures_in_a_row
from fairway_host.launch import Launch, drop_in, quoted_value, quoted_word
from fairway_host.refusal import Refusal

ADDRESS = ("web", "box1", "a")


def launch(**changes):
    given = {
        "generation": "r1+c1",
        "release": "r1",
        "command": ["/usr/bin/env", "--port=${PORT}", "${TOKEN}", "50%", 'a "b"'],
        "directory": "server",
        "env": {"PORT": "4000"},
        "secrets": {"TOKEN": "of nobody"},
        "port": 4000,
        "stopTimeoutMs": 300,
    }
    return Launch("web", {**given, **changes})


class TheUnit(unittest.TestCase):
    def test_names_the_link_and_no_release_so_that_the_next_one_changes_nothing(self):
        self.assertEqual(drop_in(ADDRESS, launch()), drop_in(ADDRESS, launch(release="r2", generation="r2+c1")))
        self.assertIn("WorkingDirectory=/var/lib/fairway/current/web/box1.a/server\n", drop_in(ADDRESS, launch()))

    def test_holds_the_command_word_for_word_and_no_secret(self):
        unit = drop_in(ADDRESS, launch())
        self.assertIn('ExecStart=:"/usr/bin/env" "--port=4000" "${TOKEN}" "50%%" "a \\"b\\""\n', unit)
        self.assertNotIn("of nobody", unit)

    def test_holds_the_limits(self):
        unit = drop_in(ADDRESS, launch(memoryLimitBytes=1024, cpuLimit=0.5))
        for line in ("TimeoutStopSec=300ms", "MemoryMax=1024", "CPUQuota=50%"):
            self.assertIn(f"{line}\n", unit)

    def test_leaves_alone_what_the_launch_itself_sets(self):
        self.assertIn("UnsetEnvironment=INVOCATION_ID", drop_in(ADDRESS, launch()))
        self.assertNotIn("USER", drop_in(ADDRESS, launch(env={"USER": "ada"})).split("UnsetEnvironment=")[1].split("\n")[0])


class Words(unittest.TestCase):
    def test_of_systemd_are_quoted(self):
        self.assertEqual(quoted_word("a\\b\n$c"), '"a\\\\b\\x0a$c"')
        self.assertEqual(quoted_value('a "b" $c `d` \\'), '"a \\"b\\" \\$c \\`d\\` \\\\"')

    def test_with_what_systemd_would_drop_are_refused(self):
        with self.assertRaises(Refusal):
            launch(env={"A": "\x01"})


class TheEnd(unittest.TestCase):
    def test_is_told_in_words(self):
        state = {"memoryLimitBytes": None, "directory": ".", "command": "node"}
        for code, status, words in (
            ("exited", "3", "exit code 3"),
            ("killed", "KILL", "killed by SIGKILL"),
            ("dumped", "SEGV", "killed by SIGSEGV"),
        ):
            self.assertEqual(ending.reason(ADDRESS, state, {"EXIT_CODE": code, "EXIT_STATUS": status}), words)
        self.assertEqual(failures.over_memory_limit(160 * 2**20, 160 * 2**20 - 1), "over its memory limit of 160 MB (used 160 MB)")

    def test_is_followed_by_a_start_ever_later_until_it_was_stable(self):
        self.assertEqual([delay_ms(count) for count in (1, 2, 3, 9, 10, 10_000)], [100, 200, 400, 25_600, 30_000, 30_000])
        self.assertEqual(failures_in_a_row(4, 9_999), 5)
        self.assertEqual(failures_in_a_row(4, 10_000), 1)


if __name__ == "__main__":
    unittest.main()
