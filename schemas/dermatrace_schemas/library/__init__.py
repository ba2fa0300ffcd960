"""What ships with the contract: a sample clinic, to be tried out and to be copied from."""

from importlib import resources
from pathlib import Path


def sample_clinic() -> Path:
    """Return the folder of the sample registry: two clinics, their people, devices, protocols."""
    return Path(str(resources.files(__name__) / "sample_clinic"))
