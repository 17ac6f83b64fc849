"""Values in and out of the sandbox: typed data only, never pickle."""
