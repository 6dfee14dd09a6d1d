"""The simulated Qmlativ over HTTP: login, lists, faults, setup pages."""
