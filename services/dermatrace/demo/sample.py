"""The sample clinic, imported through the front door like any other."""

from dermatrace.errors import DermatraceError
from dermatrace.mqtt import BrokerAddress
from dermatrace.registry.importer import import_documents
from dermatrace.registry.load import load_folder
from dermatrace.registry.sending import WAIT_DEFAULT_S, tool_sender
from dermatrace.settings import Settings
from dermatrace_schemas.library import sample_clinic


def import_sample_clinic(settings: Settings, address: BrokerAddress) -> int:
    """Put both sample clinics on record; return how many documents they are.

    Raises DermatraceError if one is not recorded.
    """
    folder = load_folder(sample_clinic())
    count = 0
    for clinic in folder.clinics:
        with tool_sender(settings, address, clinic) as sender:
            done = import_documents(folder.documents_of(clinic), sender, WAIT_DEFAULT_S)
        if not done.is_recorded:
            raise DermatraceError(f"the sample clinic {clinic} was not recorded: {done.outcomes}")
        count += len(done.outcomes)
    return count
