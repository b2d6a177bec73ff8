"""Why an account is stopped in a run, and what lets it go on: each kind with its way out."""

from enum import Enum

from reconciler.errors import ReconcilerError


class Halt(Enum):
    """A kind of reason for which an account is stopped; its value is what lets it go on."""

    CREDENTIALS = (
        "give the account a credential that may do this (`reconciler doctor` asks the vendor),"
        " then run it again"
    )
    SHARED_TOKEN = "let no other program use the account meanwhile, then run it again"
    TOKEN = "see what `reconciler doctor` says of the log-in, then run it again"
    UNREACHABLE = "see what `reconciler doctor` says of the network, then run it again"
    THROTTLED = (
        "run it again later, or with fewer requests (`limits` of the account); what is done is not"
        " repeated"
    )
    WAIT = "run it again later, or with a longer --max-wait"
    DOUBTS = (
        "see how the vendor is (`reconciler doctor`); when it answers again, run it again: doubts"
        " are settled before anything else is sent"
    )
    UNKNOWN_THERE = (
        "compare project, key and version with the vendor's console; if they are right and the"
        " campaigns are gone, take the inventory again and plan anew"
    )
    NO_LOOK = (
        "compare them with the vendor's console; take the inventory again and plan anew without"
        " those that are gone"
    )
    DRIVER = "let whoever maintains the driver mend it; nothing here can"
    PERSON = "apply the plan again, when it may go on"
    INTERRUPTED = "run it again: what is done is not repeated"
    UNEXPECTED = "mend what it says, or report it; then run it again: what is done is not repeated"


def whole(said: str, halt: Halt) -> str:
    """*said*, and what lets the account go on."""
    return f"{said}. To lift it: {halt.value}"


class AccountStopped(ReconcilerError):
    """No further request of this account in this run; other accounts go on. *halt*: which kind."""

    def __init__(self, said: str, halt: Halt) -> None:
        super().__init__(said)
        self.halt = halt

    @property
    def whole(self) -> str:
        """What is said, and what lets the account go on."""
        return whole(str(self), self.halt)
