"""Mail in and out, and which of it is believed."""
