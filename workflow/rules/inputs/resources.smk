# Memory and run time of rules that need more than the profiles' `default-resources`.


def per_attempt(amount):
    """A resource of a rule: `amount` at first, and as much again with each retry (`retries` of the profile).

    For what needs more than the profiles' `default-resources`.
    """
    return lambda wildcards, attempt: amount * attempt
