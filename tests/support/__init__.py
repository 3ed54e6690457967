"""What the tests stand on: services that are looked for, real server processes, a browser, and plain factories."""
