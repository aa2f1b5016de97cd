"""Several engine processes that do the runs of one crawler together."""
