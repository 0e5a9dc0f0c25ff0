"""What an artifact may not do to the machine that it is unpacked on."""
import io
import os
import tarfile
import tempfile
import unittest

from fairway_host.refusal import Refusal
from fairway_host.unpack import unpack


def entry(name, kind=tarfile.REGTYPE, content=b"", mode=0o644, target=""):
    member = tarfile.TarInfo(name)
    member.type, member.size, member.mode, member.linkname = kind, len(content), mode, target
    return member, content


def link(name, target):
    return entry(name, tarfile.SYMTYPE, target=target)


class Unpack(unittest.TestCase):
    def setUp(self):
        parent = tempfile.TemporaryDirectory()
        self.addCleanup(parent.cleanup)
        self.parent = parent.name
        self.folder = f"{parent.name}/release"
        os.mkdir(self.folder)

    def unpack(self, *entries):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for member, content in entries:
                archive.addfile(member, io.BytesIO(content))
        packed.seek(0)
        unpack(packed, self.folder)

    def refused(self, *entries):
        with self.assertRaises(Refusal) as caught:
            self.unpack(*entries)
        self.assertEqual(caught.exception.code, "bad-artifact")
        self.assertEqual(os.listdir(self.parent), ["release"])

    def test_files_folders_and_links_come_out_as_they_went_in(self):
        self.unpack(
            entry("./"),
            entry("bin/run", content=b"#!/bin/sh\n", mode=0o775),
            entry("empty", tarfile.DIRTYPE),
            entry("text", content=b"words"),
            link("bin/text", "../text"),
            entry("same", tarfile.LNKTYPE, target="text"),
        )
        self.assertEqual(os.stat(f"{self.folder}/bin/run").st_mode & 0o777, 0o755)
        self.assertTrue(os.path.isdir(f"{self.folder}/empty"))
        for name in ("bin/text", "same"):
            with open(f"{self.folder}/{name}", encoding="utf-8") as file:
                self.assertEqual(file.read(), "words")

    def test_what_leads_out_is_refused(self):
        self.refused(entry("/etc/evil", content=b"x"))
        self.refused(entry("../evil", content=b"x"))
        self.refused(entry("a/../../evil", content=b"x"))

    def test_links_that_lead_out_are_refused(self):
        self.refused(link("a", "/etc/passwd"))
        self.refused(link("b", "../../outside"))

    def test_a_link_that_leads_out_by_way_of_another_is_refused(self):
        self.refused(entry("deep/er", tarfile.DIRTYPE), link("here", "deep/er"), link("deep/er/up", "../.."), link("out", "here/up/.."))

    def test_nothing_is_written_through_a_link(self):
        with self.assertRaises(FileExistsError):
            self.unpack(link("a", "."), entry("a/file", content=b"x"))
        self.assertEqual(os.listdir(self.parent), ["release"])

    def test_devices_pipes_and_privileged_programs_are_refused(self):
        self.refused(entry("device", tarfile.CHRTYPE))
        self.refused(entry("pipe", tarfile.FIFOTYPE))
        self.refused(entry("program", content=b"x", mode=0o4755))

    def test_a_hard_link_to_what_is_outside_is_refused(self):
        self.refused(entry("a", tarfile.LNKTYPE, target="../../etc/passwd"))


if __name__ == "__main__":
    unittest.main()
