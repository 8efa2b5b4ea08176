"""Personal data in text: finding it, and masks that keep the text readable.

:func:`mask_ticket` repeats until neither numbers, doors nor names are found. So masked text is a
fixed point by construction, whatever masks and neighbours happen to form together. Every mask
holds fewer digits or characters of the value than before, which ends the repetition.
"""

from pipeline.domain.privacy.digits import id_checksum_ok, luhn_ok
from pipeline.domain.privacy.findings import PROVINCES, Finding
from pipeline.domain.privacy.masks import (
    MASKED_MOBILE,
    Masked,
    PersonalData,
    find_personal_data,
    mask_name,
    mask_phone,
    mask_plate,
    mask_text,
    mask_ticket,
    personal_data,
)

__all__ = [
    "MASKED_MOBILE",
    "PROVINCES",
    "Finding",
    "Masked",
    "PersonalData",
    "find_personal_data",
    "id_checksum_ok",
    "luhn_ok",
    "mask_name",
    "mask_phone",
    "mask_plate",
    "mask_text",
    "mask_ticket",
    "personal_data",
]
