"""The source: one district's Skyward Qmlativ, read through the Custom API."""
