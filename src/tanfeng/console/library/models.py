"""Documents of the library and the city's own verified values."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core.asked import language
from tanfeng.console.core.models import User
from tanfeng.console.library.dates import reached


class State(models.TextChoices):
    """Where a document stands on a day."""

    IN_FORCE = "in_force", _("In force")
    COMING = "coming", _("Not yet in force")
    REPLACED = "replaced", _("Replaced")
    REPEALED = "repealed", _("Ended")
    SUSPENDED = "suspended", _("Suspended")
    UNKNOWN = "unknown", _("Dates not known")


#: A rule resting on such a document is warned about.
GONE = frozenset({State.REPLACED, State.REPEALED, State.SUSPENDED})


class Document(models.Model):
    """A law, policy, standard, notice or publication (capability C05).

    Dates are ISO text and may stop at the month or the year, because that is all some public
    material says; ``state`` treats such a date as its last day.
    """

    class Kind(models.TextChoices):
        """What sort of paper it is."""

        STANDARD = "standard", _("Standard")
        POLICY = "policy", _("Law or policy")
        GUIDELINE = "guideline", _("Accounting guideline")
        DATA = "data", _("Published data")
        STUDY = "study", _("Study or trade source")

    class Ending(models.TextChoices):
        """How a document stopped holding."""

        NONE = "", _("Not ended")
        REPLACED = State.REPLACED.value, State.REPLACED.label
        REPEALED = State.REPEALED.value, State.REPEALED.label
        SUSPENDED = State.SUSPENDED.value, State.SUSPENDED.label

    class Basis(models.TextChoices):
        """Where dates and status come from, by the evidence tags of the requirements."""

        PUBLIC = "V", _("Seen in public material")
        CODE = "C", _("Seen in public code only")
        ROWS = "T", _("Read from the rows of the standards tables")
        EDITION = "E", _("Concluded from a newer edition in the tables")
        NONE = "", _("No dates known")

    key = models.CharField(max_length=200, unique=True)
    number = models.CharField(_("document number"), max_length=80, blank=True)
    title_zh = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    issuer_zh = models.CharField(max_length=80, blank=True)
    issuer_en = models.CharField(max_length=160, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.STUDY)
    valid_from = models.CharField(_("in force from"), max_length=10, blank=True)
    valid_to = models.CharField(_("in force until"), max_length=10, blank=True)
    ending = models.CharField(
        _("ending"), max_length=10, choices=Ending.choices, default=Ending.NONE, blank=True
    )
    replaced_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replaces"
    )
    basis = models.CharField(
        _("basis of the dates"),
        max_length=1,
        choices=Basis.choices,
        default=Basis.NONE,
        blank=True,
    )
    note_zh = models.CharField(max_length=300, blank=True)
    note_en = models.CharField(max_length=300, blank=True)
    #: What the standards tables call it, exactly.
    names = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ("key",)

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip()

    @property
    def title(self) -> str:
        """Return the title in the language of the page, or the one there is."""
        return (language() == "en" and self.title_en) or self.title_zh

    @property
    def issuer(self) -> str:
        """Return the issuer in the language of the page."""
        return (language() == "en" and self.issuer_en) or self.issuer_zh

    @property
    def note(self) -> str:
        """Return the note in the language of the page."""
        return (language() == "en" and self.note_en) or self.note_zh

    @property
    def verified(self) -> bool:
        """Tell whether dates and status were seen in public material."""
        return self.basis == self.Basis.PUBLIC

    def state(self, on: date | None = None) -> State:
        """Return where the document stands on a day, today when none is given."""
        day = on or timezone.localdate()
        if self.ending and (not self.valid_to or reached(self.valid_to, day)):
            return State(self.ending)
        if not self.valid_from:
            return State.UNKNOWN
        return State.IN_FORCE if reached(self.valid_from, day) else State.COMING


class FactorOverride(models.Model):
    """A value the city verified itself; wins over the shipped row while it is active.

    Nothing is edited: another value withdraws the row before and adds a new one.
    """

    table = models.CharField(_("table"), max_length=40)
    row_id = models.CharField(_("row"), max_length=120)
    value = models.FloatField(_("value"))
    unit = models.CharField(_("unit"), max_length=40)
    #: Text of the shipped row when the value was entered.
    shipped = models.CharField(_("shipped value"), max_length=40)
    document = models.CharField(_("document"), max_length=200)
    clause = models.CharField(_("clause"), max_length=80)
    verified_on = models.DateField(_("verified on"))
    note = models.CharField(_("note"), max_length=300, blank=True)
    created_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("verified by")
    )
    created_at = models.DateTimeField(_("entered"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("verified value")
        verbose_name_plural = _("verified values")
        ordering = ("-created_at",)
        constraints = (
            models.UniqueConstraint(
                fields=("table", "row_id"),
                condition=models.Q(withdrawn_at__isnull=True),
                name="one_active_override",
            ),
        )

    def __str__(self) -> str:
        return self.ref

    @property
    def ref(self) -> str:
        """Reference of the row it replaces, for example ``fuels/<id>``."""
        return f"{self.table}/{self.row_id}"

    @property
    def is_active(self) -> bool:
        """Tell whether the value wins over the shipped row now."""
        return self.withdrawn_at is None

    @property
    def basis(self) -> str:
        """Return document and clause as one text."""
        return f"{self.document}, {self.clause}"
