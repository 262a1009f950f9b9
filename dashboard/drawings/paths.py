"""The stroke icons: one path list a name, drawn in a box of 24 by 24, always beside its word."""

ICONS = {
    "overview": '<path d="M4 13a8 8 0 1 1 16 0"/><path d="M12 13l4-4"/><path d="M4 17h16"/>',
    "users": (
        '<circle cx="9" cy="8" r="3.2"/><path d="M3 19c0-3.2 2.6-5 6-5s6 1.8 6 5"/><pat'
        'h d="M16 5.2a3 3 0 0 1 0 5.6M18 14.4c1.9.6 3 2.2 3 4.6"/>'
    ),
    "invites": (
        '<path d="M4 7h16v3a2 2 0 0 0 0 4v3H4v-3a2 2 0 0 0 0-4z"/><path d="M14 7v2M14 1'
        '1v2M14 15v2"/>'
    ),
    "account": '<circle cx="8" cy="14" r="4"/><path d="M11 11l8-8M16 6l3 3"/>',
    "connect": '<path d="M4 7.5V18h16V9h-9L9 6H4z"/><path d="M9 13.5h6M12 10.5v6"/>',
    "files": '<path d="M3 6.5h6l2 2.5h10v9.5H3z"/>',
    "home": '<path d="M4 11.5L12 5l8 6.5V20h-5.5v-5h-5v5H4z"/>',
    "me": '<circle cx="12" cy="8.5" r="3.5"/><path d="M5 20c0-4 3-6 7-6s7 2 7 6"/>',
    "apps": '<path d="M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"/>',
    "export": (
        '<path d="M4 8h16v11H4zM4 8l2-3h12l2 3"/><path d="M12 16v-5M9.5 13L12 10.5l2.5 2.5"/>'
    ),
    "setup": '<path d="M5 12l4 4 10-10"/><path d="M4 20h16"/>',
    "machine": '<path d="M4 5h16v5H4zM4 14h16v5H4z"/><path d="M7.5 7.5v.1M7.5 16.5v.1"/>',
    "figures": '<path d="M4 4v16h16"/><path d="M7 15l4-5 3 3 5-7"/>',
    "logs": '<path d="M5 6h14M5 10h14M5 14h9M5 18h11"/>',
    "configuration": (
        '<path d="M5 7h9M18 7h1M5 17h1M10 17h9"/>'
        '<circle cx="16" cy="7" r="2"/><circle cx="8" cy="17" r="2"/>'
    ),
    "audit": '<path d="M6 3.5h12v17H6z"/><path d="M9 12l2 2 4-5"/>',
    "backups": '<path d="M5 4h14v7H5zM5 13h14v7H5z"/><path d="M9 7.5h6M9 16.5h6"/>',
    "fleet": '<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5.5 5.5"/>',
    "access": '<path d="M6 11h12v9H6z"/><path d="M8.5 11V8a3.5 3.5 0 0 1 7 0v3"/>',
    "activity": '<path d="M3 12h4l3-7 4 14 3-7h4"/>',
    "storage": '<path d="M4 4h10v16H4zM14 4h6v7h-6zM14 11h6v9h-6z"/>',
    "integrity": '<path d="M12 3l8 3v6c0 4.5-3.4 7.6-8 9-4.6-1.4-8-4.5-8-9V6z"/>',
    "visibility": (
        '<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/>'
        '<circle cx="12" cy="12" r="2.8"/>'
    ),
    "folder": '<path d="M3 6.5h6l2 2.5h10v9.5H3z"/>',
    "image": (
        '<path d="M4 5h16v14H4z"/><circle cx="9" cy="10" r="1.6"/><path d="M4 17l5-4 3 '
        '2.5 4-4 4 4"/>'
    ),
    "video": '<path d="M4 6h16v12H4z"/><path d="M10 9.5v5l4.5-2.5z"/>',
    "audio": (
        '<path d="M9 17V6l9-2v11"/><circle cx="7" cy="17" r="2"/><circle cx="16" cy="15" r="2"/>'
    ),
    "json": (
        '<path d="M9 4c-2.5 0-2.5 1.5-2.5 3.5S6 11 4.5 12C6 13 6.5 14.5 6.5 16.5S6.5 20'
        " 9 20M15 4c2.5 0 2.5 1.5 2.5 3.5S18 11 19.5 12c-1.5 1-2 2.5-2 4.5S17.5 20 15 2"
        '0"/>'
    ),
    "text": '<path d="M6 3.5h8l4 4v13H6z"/><path d="M9 11h6M9 14h6M9 17h4"/>',
    "other": '<path d="M6 3.5h8l4 4v13H6z"/><path d="M14 3.5v4h4"/>',
    "up": '<path d="M12 19V6M6.5 11.5L12 6l5.5 5.5"/>',
    "ok": '<circle cx="12" cy="12" r="8.5"/><path d="M8.2 12.3l2.6 2.6 5-5.4"/>',
    "notice": '<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 8v.1"/>',
    "warning": '<path d="M12 4l9 16H3z"/><path d="M12 10v4.5M12 17v.1"/>',
    "alarm": '<path d="M8.5 3.5h7l5 5v7l-5 5h-7l-5-5v-7z"/><path d="M12 8v5M12 16v.1"/>',
    "stop": '<circle cx="12" cy="12" r="8.5"/><path d="M6.2 6.2l11.6 11.6"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.5V12l3 2"/>',
    "download": '<path d="M12 4v11M7 10.5l5 5 5-5M5 20h14"/>',
    "plus": '<path d="M12 5v14M5 12h14"/>',
    "retry": '<path d="M19 12a7 7 0 1 1-2.2-5.1M19 4v4h-4"/>',
}
