"""Devices under test: the wire protocol, ways to reach a device, and what runs on it (docs/protocol.md)."""
