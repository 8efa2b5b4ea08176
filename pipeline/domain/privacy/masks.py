"""Masks that hide a value and keep the text readable."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.domain import namecells, names
from pipeline.domain.privacy import addresses, digits, marks
from pipeline.domain.privacy.digits import LANDLINE, SPELLED, TO_DIGIT
from pipeline.domain.privacy.findings import ANY_DIGIT, Finding, digits_of, narrow

# For most texts two looks say that there is nothing to hide. The first begins with one character
# class and the second with plain characters, because only so a search skips quickly.
_LOOK = re.compile(
    rf"[{ANY_DIGIT}{SPELLED}{marks.FIRST_OF_MARK}](?:{digits.MAY_HOLD_DIGITS}|{marks.MAY_HOLD_MARK})"
)
_LOOK_FOR = re.compile("|".join((marks.LOOK_FOR, addresses.LOOK_FOR)))


def find_personal_data(text: str) -> list[Finding]:
    """Phones, national ids, bank cards, plates, badges, mail and messenger addresses and doors in
    clear, in order.

    Spans do not overlap (the earlier, then the longer, wins). Names are not looked for: without
    their context they cannot be told from words. Empty for any output of :func:`mask_text`.
    """
    if _LOOK.search(text):
        return _found(text)
    return _found(text, holds_digits=False) if _LOOK_FOR.search(text) else []


def _found(text: str, holds_digits: bool = True) -> list[Finding]:
    probe = narrow(text)
    findings = list(digits.find_digits(probe)) if holds_digits else []
    findings += marks.find_marks(probe)
    findings += addresses.find_addresses(probe)
    if len(findings) < 2:
        return findings
    findings.sort(key=lambda f: (f.start, -f.end))
    kept = findings[:1]
    for finding in findings:
        if finding.start >= kept[-1].end:
            kept.append(finding)
    return kept


@dataclass(frozen=True, slots=True)
class PersonalData:
    """What one text holds in clear."""

    findings: list[Finding]
    people: list[names.Name]


def personal_data(text: str) -> PersonalData | None:
    """What :func:`mask_text` would begin with; None where it would change nothing."""
    held = _held(text)
    return held if held.findings or held.people else None


def _held(text: str) -> PersonalData:
    return PersonalData(find_personal_data(text), names.find_people(text))


def _mask_finding(kind: str, probe: str) -> str:
    number = digits_of(probe if probe.isascii() else probe.translate(TO_DIGIT))
    match kind:
        case "mobile":
            return f"{number[-11:-8]}****{number[-4:]}"
        case "landline":
            return _mask_landline(probe, number)
        case "national_id":
            return f"{number[:3]}****{probe[-1].translate(TO_DIGIT)}"
        case "bank_card":
            return f"{number[:4]}****{number[-2:]}"
        case "plate":
            letters = [c for c in probe.translate(TO_DIGIT).upper() if c.isalnum()]
            return f"{letters[0]}{letters[1]}·***{''.join(letters[-2:])}"
        case "email":
            return f"{probe[0]}***@***"
        case "badge":
            return "***"
        case "address":
            return addresses.mask_address(probe)
        case _:
            return f"{probe[:2]}***"


def _mask_landline(probe: str, number: str) -> str:
    if found := LANDLINE.fullmatch(probe):
        return f"{found['area']}-****{digits_of(found['number'])[-4:]}"
    if number.startswith("0"):  # spelled
        area = 3 if number[1] in "12" else 4
        return f"{number[:area]}-****{number[-4:]}"
    return f"****{number[-4:]}"


def mask_name(name: str) -> str:
    """``王建国`` → ``王某``, each of ``王建国、李秀英``; ``王先生``, ``王*``, ``匿名`` and
    organisations stay as they are."""
    return mask_text(names.replace_names(name, namecells.callers_names(name)))


_PLAIN_MOBILE = re.compile("1[3-9][0-9]{9}")
# Seven digits are a county's number without its area code.
_LONG_RUN = re.compile("(?<![0-9*])(?:([0-9]{0,3})[0-9]{4,}|[0-9]{3})([0-9]{4})(?![0-9])")
MASKED_MOBILE = re.compile(r"1[3-9][0-9]\*{4}[0-9]{4}")
"""A mobile as a platform hides it: a third of all phone cells, and nothing left to hide."""


def mask_phone(text: str) -> str:
    """A phone cell, one or several numbers; every run of seven digits or more is masked."""
    if _PLAIN_MOBILE.fullmatch(text):
        return f"{text[:3]}****{text[7:]}"
    if MASKED_MOBILE.fullmatch(text):
        return text
    masked = mask_text(text)
    return _LONG_RUN.sub(r"\1****\2", masked)


def mask_plate(text: str) -> str:
    """A plate cell; what is no plate in form keeps its first two and last two characters."""
    masked = mask_text(text)
    if masked != text or "*" in text or not re.search("[0-9]{3}", text):
        return masked
    return f"{text[:2]}***{text[-2:]}"


@dataclass(slots=True)
class Masked:
    """The texts of a ticket, masked; and what was hidden of officers, in clear, for the vault."""

    texts: list[str | None]
    officers: list[str] = field(default_factory=list)
    badges: list[str] = field(default_factory=list)


def mask_text(text: str, known_names: Iterable[str] = ()) -> str:
    """The text with phones, ids, cards, plates, badges, addresses to the door and names masked.

    Readable: ``138****1234``, ``王某``, ``皖A·***45``; a value has one mask wherever it stands.
    ``known_names`` (from the ticket's contact) are masked without a cue. Idempotent.
    """
    return mask_ticket([text], known_names).texts[0]


def mask_ticket(
    texts: Sequence[str | None],
    known_names: Iterable[str] = (),
    held: Mapping[int, PersonalData] | None = None,
) -> Masked:
    """The texts of one ticket, masked as by :func:`mask_text`; a name or a number announced in
    one of them (or known) is masked in all.

    ``held``: the :func:`personal_data` of each text that has any, by index, where the caller
    knows it. Repeats until nothing is found, because masks and their neighbours may form
    something new.
    """
    masked = Masked(list(texts))
    known = _Known({name for name in known_names if namecells.is_callers_name(name)})
    every = [i for i, text in enumerate(texts) if text]
    found = {i: _held(texts[i]) for i in every} if held is None else held
    while found or known.is_new:
        grew = known.learn(masked, found)
        before = list(masked.texts)
        for i in every if grew else found:
            findings = found[i].findings if i in found else ()
            masked.texts[i] = known.replace(_hide(before[i], findings))
        found = {i: _held(masked.texts[i]) for i in every if masked.texts[i] != before[i]}
    return masked


class _Known:
    """What was announced once and is hidden wherever it stands: names, and numbers that only
    their cue tells from others."""

    _CUED = frozenset({"badge", "im", "landline", "bank_card", "national_id"})
    _LEAST = 4  # characters of a number that means the same elsewhere

    def __init__(self, people: set[str]) -> None:
        self.people, self.is_new = people, bool(people)
        self.numbers: dict[str, str] = {}  # value → mask

    def learn(self, masked: Masked, found: Mapping[int, PersonalData]) -> bool:
        """Take up what the texts announce; True where there is something new."""
        before = 0 if self.is_new else len(self.numbers) + len(self.people)
        self.is_new = False
        for i, held in found.items():
            text = masked.texts[i]
            for finding in held.findings:
                value = text[finding.start : finding.end]
                if finding.kind in self._CUED and len(value) >= self._LEAST:
                    self.numbers[value] = _mask_finding(finding.kind, narrow(value))
                if finding.kind == "badge" and value not in masked.badges:
                    masked.badges.append(value)
            for person in held.people:
                name = text[person.start : person.end]
                self.people.add(name)
                if person.is_officer and name not in masked.officers:
                    masked.officers.append(name)
        return len(self.numbers) + len(self.people) > before

    def replace(self, text: str) -> str:
        for value, mask in self.numbers.items():
            if value in text:
                whole = rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z年月日元])"
                text = re.sub(whole, mask, text)
        return names.replace_names(text, self.people)


def _hide(text: str, findings: Sequence[Finding]) -> str:
    pieces, at = [], 0
    for finding in findings:
        hidden = _mask_finding(finding.kind, narrow(text[finding.start : finding.end]))
        pieces += text[at : finding.start], hidden
        at = finding.end
    return "".join(pieces) + text[at:] if findings else text
