"""Who is connected: values, credentials, settings, history, removal."""
