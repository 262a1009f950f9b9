"""Server-made pictures: icons, identicons and QR codes as inline SVG."""
