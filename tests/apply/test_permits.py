from reconciler.apply.consent import Consent
from reconciler.apply.permits import Permit
from reconciler.prove.approvals import Counted


def test_a_permit_names_the_principals_whose_approvals_counted() -> None:
    counted = Counted(principals=("b@acme.example",), rejected=())
    assert Permit(consent=Consent(1, counted)).approvals == ("b@acme.example",)
    assert Permit().approvals == ()
