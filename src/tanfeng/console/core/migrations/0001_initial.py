import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=150, verbose_name="first name"),
                ),
                (
                    "last_name",
                    models.CharField(blank=True, max_length=150, verbose_name="last name"),
                ),
                (
                    "email",
                    models.EmailField(blank=True, max_length=254, verbose_name="email address"),
                ),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="date joined"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("city", "City bureau"),
                            ("county", "County officer"),
                            ("park", "Park operator"),
                            ("enterprise", "Enterprise"),
                            ("verifier", "Verifier"),
                            ("admin", "Administrator"),
                        ],
                        default="enterprise",
                        max_length=12,
                        verbose_name="role",
                    ),
                ),
                (
                    "place_code",
                    models.CharField(blank=True, max_length=6, verbose_name="county code"),
                ),
                (
                    "park_code",
                    models.CharField(blank=True, max_length=20, verbose_name="park code"),
                ),
                (
                    "org_code",
                    models.CharField(blank=True, max_length=18, verbose_name="credit code"),
                ),
                (
                    "department",
                    models.CharField(blank=True, max_length=80, verbose_name="department"),
                ),
                (
                    "display_name",
                    models.CharField(blank=True, max_length=80, verbose_name="name shown"),
                ),
                (
                    "must_change_password",
                    models.BooleanField(default=False, verbose_name="must change the password"),
                ),
                (
                    "duty",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("system", "System: jobs and operation"),
                            ("security", "Security: accounts and rights"),
                            ("audit", "Audit: reads the log"),
                        ],
                        max_length=8,
                        verbose_name="duty",
                    ),
                ),
                (
                    "sso_name",
                    models.CharField(
                        blank=True, max_length=150, verbose_name="name at single sign-on"
                    ),
                ),
                ("totp_secret", models.CharField(blank=True, editable=False, max_length=200)),
                ("totp_step", models.BigIntegerField(default=0, editable=False)),
                ("totp_failures", models.PositiveIntegerField(default=0, editable=False)),
                ("totp_failed_at", models.DateTimeField(editable=False, null=True)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "ordering": ("username",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("sso_name", ""), _negated=True),
                        fields=("sso_name",),
                        name="sso_name_once",
                        violation_error_message="Another account has this name at single sign-on.",
                    )
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(db_index=True, verbose_name="time")),
                (
                    "username",
                    models.CharField(
                        blank=True, db_index=True, max_length=150, verbose_name="account"
                    ),
                ),
                ("role", models.CharField(blank=True, max_length=12, verbose_name="role")),
                (
                    "address",
                    models.CharField(blank=True, max_length=45, verbose_name="network address"),
                ),
                ("action", models.CharField(db_index=True, max_length=40, verbose_name="action")),
                (
                    "object_type",
                    models.CharField(blank=True, max_length=40, verbose_name="object type"),
                ),
                ("object_id", models.CharField(blank=True, max_length=64, verbose_name="object")),
                (
                    "object_label",
                    models.CharField(blank=True, max_length=200, verbose_name="object name"),
                ),
                (
                    "place_code",
                    models.CharField(
                        blank=True, db_index=True, max_length=6, verbose_name="county code"
                    ),
                ),
                ("detail", models.JSONField(blank=True, default=dict, verbose_name="detail")),
                ("previous_hash", models.CharField(max_length=64)),
                ("hash", models.CharField(max_length=64, unique=True)),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit log",
                "ordering": ("-id",),
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("form_key", models.CharField(blank=True, max_length=40, verbose_name="form")),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                ("sha256", models.CharField(blank=True, db_index=True, max_length=64)),
                ("size_bytes", models.PositiveBigIntegerField(verbose_name="size")),
                ("sheet", models.CharField(blank=True, max_length=100, verbose_name="worksheet")),
                ("sheet_no", models.PositiveSmallIntegerField(default=0, editable=False)),
                ("mapping", models.JSONField(blank=True, default=dict)),
                ("answers", models.JSONField(blank=True, default=dict)),
                ("columns", models.JSONField(blank=True, default=dict)),
                ("fixes", models.JSONField(blank=True, default=list)),
                ("good_rows_only", models.BooleanField(default=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("checking", "Being checked"),
                            ("refused", "Refused"),
                            ("discarded", "Discarded"),
                            ("preview", "Awaiting confirmation"),
                            ("committed", "Committed"),
                            ("undone", "Undone"),
                        ],
                        default="preview",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("rows_read", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("rows_good", models.PositiveIntegerField(default=0, verbose_name="good rows")),
                ("errors", models.PositiveIntegerField(default=0, verbose_name="errors")),
                ("warnings", models.PositiveIntegerField(default=0, verbose_name="warnings")),
                ("infos", models.PositiveIntegerField(default=0, verbose_name="notes")),
                ("problems", models.JSONField(blank=True, default=list)),
                ("outcome", models.JSONField(blank=True, default=dict)),
                ("org_code", models.CharField(blank=True, max_length=18)),
                ("scope", models.CharField(blank=True, max_length=40)),
                ("uploaded_at", models.DateTimeField(auto_now_add=True, verbose_name="uploaded")),
                (
                    "committed_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="committed"),
                ),
                ("undone_at", models.DateTimeField(blank=True, null=True, verbose_name="undone")),
                ("is_demo", models.BooleanField(default=False, verbose_name="demonstration data")),
                (
                    "book",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sheets",
                        to="core.batch",
                    ),
                ),
                (
                    "committed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
            ],
            options={
                "verbose_name": "upload",
                "verbose_name_plural": "uploads",
                "ordering": ("-uploaded_at",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("book", None)),
                        fields=["uploaded_at", "id"],
                        name="batch_files",
                    ),
                    models.Index(
                        condition=models.Q(("book", None)),
                        fields=["status", "uploaded_at", "id"],
                        name="batch_files_by_status",
                    ),
                    models.Index(
                        fields=["scope", "book", "status", "uploaded_at", "id"],
                        name="batch_of_office",
                    ),
                    models.Index(
                        fields=["org_code", "status", "book", "uploaded_at", "id"],
                        name="batch_of_org",
                    ),
                    models.Index(fields=["sheet_no", "book"], name="batch_counted"),
                    models.Index(
                        condition=models.Q(("book__isnull", False)),
                        fields=["book", "sheet_no"],
                        name="batch_sheets",
                    ),
                    models.Index(
                        condition=models.Q(("is_demo", True)),
                        fields=["is_demo"],
                        name="batch_of_the_demo",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("kind", models.CharField(max_length=40, verbose_name="kind")),
                ("title", models.CharField(max_length=200, verbose_name="title")),
                ("scope", models.CharField(blank=True, max_length=40)),
                ("language", models.CharField(default="zh-hans", max_length=10)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                        default="queued",
                        max_length=10,
                        verbose_name="status",
                    ),
                ),
                ("progress", models.PositiveSmallIntegerField(default=0, verbose_name="progress")),
                ("message", models.CharField(blank=True, max_length=300, verbose_name="message")),
                ("arguments", models.JSONField(blank=True, default=dict)),
                ("result", models.JSONField(blank=True, default=dict)),
                ("result_file", models.CharField(blank=True, max_length=300)),
                ("result_name", models.CharField(blank=True, max_length=200)),
                ("codes", models.JSONField(default=None, editable=False, null=True)),
                ("error", models.TextField(blank=True, verbose_name="error")),
                ("traceback", models.TextField(blank=True)),
                ("worker", models.CharField(blank=True, max_length=32)),
                ("cancel_requested", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("started_at", models.DateTimeField(blank=True, null=True, verbose_name="started")),
                (
                    "finished_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="finished"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="jobs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
                    ),
                ),
            ],
            options={
                "verbose_name": "job",
                "verbose_name_plural": "jobs",
                "ordering": ("-created_at",),
                "indexes": [
                    models.Index(fields=["created_at", "id"], name="core_job_created_1dd44e_idx"),
                    models.Index(
                        fields=["status", "created_at", "id"], name="core_job_status_e35e2c_idx"
                    ),
                    models.Index(fields=["kind", "created_at"], name="core_job_kind_97a0bb_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="OpenSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session_key", models.CharField(max_length=40, unique=True)),
                (
                    "address",
                    models.CharField(blank=True, max_length=45, verbose_name="network address"),
                ),
                ("agent", models.CharField(blank=True, max_length=200, verbose_name="browser")),
                ("started_at", models.DateTimeField(db_index=True, verbose_name="signed in")),
                ("seen_at", models.DateTimeField(verbose_name="last seen")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="open_sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "open session",
                "verbose_name_plural": "open sessions",
                "ordering": ("-seen_at", "pk"),
            },
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "recovery code",
                "verbose_name_plural": "recovery codes",
                "ordering": ("pk",),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="recovery_code_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Subject",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("org_code", models.CharField(max_length=18)),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="subjects",
                        to="core.batch",
                    ),
                ),
            ],
            options={
                "verbose_name": "enterprise of an upload",
                "verbose_name_plural": "enterprises of uploads",
                "ordering": ("batch", "org_code"),
                "constraints": [
                    models.UniqueConstraint(fields=("batch", "org_code"), name="subject_once")
                ],
            },
        ),
    ]
