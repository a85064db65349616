"""Who is meant: places, parks, organisations, official lists, assignments and known plants."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tanfeng.console.core.asked import language
from tanfeng.console.core.models import Batch, User


class Sector(models.TextChoices):
    """Sector tags of the plan, in the order every chart uses."""

    STEEL = "steel", _("Steel")
    PETROCHEMICAL = "petrochemical", _("Petrochemicals and chemicals")
    BUILDING = "building", _("Building materials")
    TEXTILE = "textile", _("Textiles and chemical fibre")
    EQUIPMENT = "equipment", _("Equipment")
    ELECTRONICS = "electronics", _("Electronics and IT")
    POWER = "power", _("Power and heat")
    OTHER = "other", _("Other industry")


class Place(models.Model):
    """A county, district or zone of the city, with its tile on the schematic map."""

    code = models.CharField(_("code"), max_length=6, primary_key=True)
    name_zh = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60)
    #: False for zones that have no administrative code of their own; the code is then ours.
    official_code = models.BooleanField(default=True)
    order = models.PositiveSmallIntegerField(default=0)
    tile_x = models.FloatField(default=0)
    tile_y = models.FloatField(default=0)
    tile_width = models.FloatField(default=1)
    #: GeoJSON geometry brought by ``tanfeng map import``; empty means the schematic map.
    geometry = models.JSONField(null=True, blank=True)
    geometry_source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("county")
        verbose_name_plural = _("counties")
        ordering = ("order",)

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name_zh


class Park(models.Model):
    """An industrial park or zone."""

    code = models.CharField(_("code"), max_length=20, primary_key=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="parks")
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("park")
        verbose_name_plural = _("parks")
        ordering = ("code",)

    def __str__(self) -> str:
        return (language() == "en" and self.name_en) or self.name_zh


class Organisation(models.Model):
    """A legal person and its file (一企一档, capability C04)."""

    credit_code = models.CharField(_("unified social credit code"), max_length=18, unique=True)
    name = models.CharField(_("name"), max_length=120, db_index=True)
    former_names = models.CharField(_("former names"), max_length=300, blank=True)
    legal_person = models.CharField(_("legal person"), max_length=60, blank=True)
    industry_code = models.CharField(_("industry code"), max_length=4, db_index=True)
    sector = models.CharField(_("sector"), max_length=14, choices=Sector.choices, db_index=True)
    place = models.ForeignKey(Place, models.PROTECT, related_name="organisations")
    park = models.ForeignKey(
        Park, models.PROTECT, null=True, blank=True, related_name="organisations"
    )
    address = models.CharField(_("address"), max_length=200, blank=True)
    longitude_deg = models.FloatField(_("longitude"), null=True, blank=True)
    latitude_deg = models.FloatField(_("latitude"), null=True, blank=True)
    size_class = models.CharField(_("size class"), max_length=10, blank=True)
    above_scale = models.BooleanField(_("above designated size"), null=True)
    state_owned = models.BooleanField(_("state-owned"), null=True)
    key_user_level = models.CharField(_("key energy user level"), max_length=40, blank=True)
    ets_status = models.CharField(_("carbon market status"), max_length=40, blank=True)
    permit_no = models.CharField(_("pollution permit no."), max_length=40, blank=True)
    energy_body = models.CharField(_("energy-management body"), max_length=80, blank=True)
    energy_leader = models.CharField(_("energy leader"), max_length=60, blank=True)
    energy_manager = models.CharField(_("energy manager"), max_length=60, blank=True)
    energy_manager_certificate = models.CharField(
        _("certificate of the energy manager"), max_length=60, blank=True
    )
    energy_system_certificate = models.CharField(
        _("certificate of the energy-management system"), max_length=80, blank=True
    )
    energy_system_body = models.CharField(_("certifying body"), max_length=80, blank=True)
    #: ISO day, as a certificate prints it.
    energy_system_date = models.CharField(_("day of certification"), max_length=10, blank=True)
    energy_centre = models.BooleanField(_("has an energy centre"), null=True)
    central_enterprise = models.BooleanField(_("central enterprise"), null=True)
    contact_name = models.CharField(_("contact person"), max_length=60, blank=True)
    contact_phone = models.CharField(_("telephone of the contact"), max_length=40, blank=True)
    group_name = models.CharField(_("group"), max_length=120, blank=True)
    active = models.BooleanField(_("in operation"), default=True)
    is_demo = models.BooleanField(_("demonstration data"), default=False)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("enterprise")
        verbose_name_plural = _("enterprises")
        ordering = ("credit_code",)
        # A part of a name is found by reading this index alone, not the wide rows of the table.
        indexes = (
            models.Index(fields=("name", "former_names", "credit_code"), name="organisation_names"),
        )

    def __str__(self) -> str:
        return self.name


class OrganisationVersion(models.Model):
    """What an organisation's file said before a change, and who changed it."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="versions")
    #: Field -> [before, after].
    changes = models.JSONField()
    changed_at = models.DateTimeField(auto_now_add=True)
    changed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("version")
        verbose_name_plural = _("versions")
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.organisation} {self.changed_at:%Y-%m-%d}"


class Site(models.Model):
    """A place of work of a legal person: a branch, a works, a second county."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="sites")
    name = models.CharField(_("site"), max_length=120)
    place = models.ForeignKey(Place, models.PROTECT, related_name="sites")
    park = models.ForeignKey(Park, models.PROTECT, null=True, blank=True, related_name="sites")
    address = models.CharField(_("address"), max_length=200, blank=True)
    longitude_deg = models.FloatField(_("longitude"), null=True, blank=True)
    latitude_deg = models.FloatField(_("latitude"), null=True, blank=True)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to"), null=True, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("site")
        verbose_name_plural = _("sites")
        ordering = ("organisation", "name")
        constraints = (models.UniqueConstraint(fields=("organisation", "name"), name="site_once"),)

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A person to call at an enterprise, for one kind of question."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="contacts")
    role = models.CharField(_("asked about"), max_length=40)
    name = models.CharField(_("name"), max_length=60)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("organisation", "id")
        constraints = (
            models.UniqueConstraint(fields=("organisation", "role", "name"), name="contact_once"),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.name}"


class OfficialList(models.Model):
    """A list issued by an authority, such as key energy users or green factories."""

    key = models.SlugField(_("key"), max_length=40, unique=True)
    name_zh = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    level = models.CharField(_("level"), max_length=20, blank=True)
    notice = models.CharField(_("issuing notice"), max_length=200, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("official list")
        verbose_name_plural = _("official lists")
        ordering = ("key",)

    def __str__(self) -> str:
        return self.name_en if language() == "en" else self.name_zh


class Membership(models.Model):
    """An organisation on an official list, from and to a date, as a notice says."""

    official_list = models.ForeignKey(OfficialList, models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)
    #: Lot of the list, such as the third; empty where a list has no lots.
    issue = models.CharField(_("lot"), max_length=40, blank=True)
    notice = models.CharField(_("issuing notice"), max_length=200, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("list entry")
        verbose_name_plural = _("list entries")
        ordering = ("official_list", "organisation")
        constraints = (
            models.UniqueConstraint(
                fields=("official_list", "organisation", "valid_from"), name="membership_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.official_list}: {self.organisation}"


class Assignment(models.Model):
    """A verifier may see an organisation for a time."""

    verifier = models.ForeignKey(User, models.PROTECT, related_name="assignments")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="assignments")
    valid_from = models.DateField(_("from"))
    valid_to = models.DateField(_("to"), null=True, blank=True)

    class Meta:
        verbose_name = _("assignment")
        verbose_name_plural = _("assignments")
        ordering = ("verifier", "organisation")

    def __str__(self) -> str:
        return f"{self.verifier}: {self.organisation}"


class Plant(models.Model):
    """A real plant of the city as a public tracker states it; facts with their source."""

    name = models.CharField(_("name"), max_length=160)
    name_zh = models.CharField(_("Chinese name"), max_length=160, blank=True)
    kind = models.CharField(_("kind"), max_length=40)
    capacity = models.FloatField(_("capacity"), null=True)
    capacity_unit = models.CharField(_("unit"), max_length=20)
    status = models.CharField(_("status"), max_length=40)
    start_year = models.CharField(_("start"), max_length=20, blank=True)
    place = models.ForeignKey(Place, models.PROTECT, null=True, related_name="plants")
    longitude_deg = models.FloatField(null=True)
    latitude_deg = models.FloatField(null=True)
    source = models.CharField(_("source"), max_length=200)

    class Meta:
        verbose_name = _("known plant")
        verbose_name_plural = _("known plants")
        ordering = ("kind", "name")

    def __str__(self) -> str:
        return self.name_zh or self.name
