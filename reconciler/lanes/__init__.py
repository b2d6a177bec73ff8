"""All that sends: lanes, their pace, the wire, looks, locks and the journal."""
