"""What a job at GitHub Actions needs: our comment on a pull request, and what was reviewed there.

Everything that is known of the run comes from the event that GitHub wrote. What another job left
behind (an artefact) is a file by a stranger: it is read strictly and shown escaped, and decides
neither where something is written nor what may be deleted.
"""

from reconciler.api.github.comment import Commented, comment
from reconciler.api.github.reviewed import ReviewedPull, reviewed

__all__ = ["Commented", "ReviewedPull", "comment", "reviewed"]
