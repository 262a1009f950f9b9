"""The words of the protocol as plain values; nothing here touches a socket, a disk or a clock."""
