"""The steps, in order of `down_revision`."""
