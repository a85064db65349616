"""Addresses of this app."""

from django.urls import URLPattern, path
from django.views.i18n import set_language

from tanfeng.console.core.views import (
    accounts,
    audit,
    health,
    imports,
    jobs,
    my_account,
    search,
    sign_in,
)

urlpatterns: list[URLPattern] = [
    path("sign-in/", sign_in.SignIn.as_view(), name="sign-in"),
    path("sign-in/code/", sign_in.code, name="sign-in-code"),
    path("sign-in/oidc/", sign_in.provider, name="sign-in-oidc"),
    path("sign-in/oidc/back/", sign_in.provider_back, name="sign-in-oidc-back"),
    path("sign-out/", sign_in.SignOut.as_view(), name="sign-out"),
    path("password/", sign_in.change_password, name="password"),
    path("account/", my_account.my_account, name="my-account"),
    path("account/sessions/end/", my_account.end_others, name="sessions-end"),
    path("account/sessions/<int:pk>/end/", my_account.end_session, name="session-end"),
    path("account/two-factor/", my_account.second_factor, name="second-factor"),
    path(
        "account/two-factor/remove/",
        my_account.remove_second_factor,
        name="second-factor-remove",
    ),
    path("account/two-factor/codes/", my_account.recovery_codes, name="recovery-codes"),
    path(
        "account/two-factor/codes.txt", my_account.recovery_codes_file, name="recovery-codes-file"
    ),
    path("account/two-factor/codes/new/", my_account.renew_codes, name="recovery-codes-new"),
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
    path("accounts/<int:user_id>/two-factor/", accounts.reset_factor, name="account-factor-reset"),
    path("accounts/<int:user_id>/shared/", accounts.shared_seen, name="account-shared-seen"),
]
