"""Where AWS's models are known to be wrong, or stricter than AWS is: place → why."""

EXCEPTIONS = {}
