"""Addresses of this app."""

from django.urls import URLPattern, path
from django.views.i18n import set_language

from tanfeng.console.core.views import accounts, audit, health, imports, jobs, search, sign_in

urlpatterns: list[URLPattern] = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("password/", sign_in.change_password, name="password"),
    path("language/", set_language, name="set-language"),
    path("healthz", health.healthz, name="healthz"),
    path("search/", search.search, name="search"),
    path("uploads/", imports.uploads_list, name="uploads"),
    path("uploads/new/", imports.new, name="upload-new"),
    path("uploads/<uuid:batch_id>/", imports.show, name="upload"),
    path("uploads/<uuid:batch_id>/mapping/", imports.mapping, name="upload-mapping"),
    path("uploads/<uuid:batch_id>/fix/", imports.fix, name="upload-fix"),
    path("uploads/<uuid:batch_id>/fix/undo/", imports.unfix, name="upload-unfix"),
    path("uploads/<uuid:batch_id>/confirm/", imports.confirm, name="upload-confirm"),
    path("uploads/<uuid:batch_id>/discard/", imports.discard, name="upload-discard"),
    path("uploads/<uuid:batch_id>/undo/", imports.undo, name="upload-undo"),
    path("uploads/<uuid:batch_id>/file/", imports.original, name="upload-file"),
    path("uploads/<uuid:batch_id>/marked/", imports.marked, name="upload-marked"),
    path("templates/<slug:form_key>.xlsx", imports.template, name="form-template"),
    path("jobs/", jobs.jobs_list, name="jobs"),
    path("jobs/<uuid:job_id>/", jobs.show, name="job"),
    path("jobs/<uuid:job_id>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:job_id>/cancel/", jobs.cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/file/", jobs.result_file, name="job-file"),
    path("audit/", audit.audit_log, name="audit"),
    path("audit/verify/", audit.verify, name="audit-verify"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/new/", accounts.new, name="account-new"),
    path("accounts/<int:user_id>/", accounts.edit, name="account"),
    path("accounts/<int:user_id>/active/", accounts.active, name="account-active"),
    path("accounts/<int:user_id>/password/", accounts.reset, name="account-reset"),
]
