"""What a service refuses, and why. An exception's docstring is its message."""

from collections.abc import Sequence


class ServiceError(Exception):
    """The request cannot be carried out; nothing was changed."""

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").splitlines()[0])
        self.field = field


class UnknownAccount(ServiceError):
    """There is no such account."""


class UnknownInstrument(ServiceError):
    """There is no such instrument."""


class UnknownOrder(ServiceError):
    """There is no such order."""


class UnknownStrategy(ServiceError):
    """There is no such strategy."""


class InvalidStrategy(ServiceError):
    """The strategy cannot be deployed as it stands; `problems` says everything that is wrong, field by field."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(message for _, message in problems), field=problems[0][0])
        self.problems = list(problems)


class ImpossibleStep(ServiceError):
    """The strategy cannot go there from where it stands."""


class InvalidOrder(ServiceError):
    """The order contradicts itself or the market's rules."""


class EventNotDead(ServiceError):
    """The event is not among the dead letters."""


class SilenceTooLong(ServiceError):
    """An alert of its level may not be silenced for so long."""


class OrderNotWorking(ServiceError):
    """The order is at its end: nothing of it can be changed."""


class NothingToClose(ServiceError):
    """There is no such open position."""
