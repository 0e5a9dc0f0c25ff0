"""The host side of Fairway: releases, slots under systemd, logs. No daemon: it ends with who called it."""

# Raised when the control server could no longer speak to an older program; see hosts/ssh/protocol.ts.
PROTOCOL = 1
