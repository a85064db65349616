"""Background work: progress, result, cancel, failure, and a worker that dies."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from tanfeng.console.archive.models import Assignment
from tanfeng.console.core import alive, jobs
from tanfeng.console.core.models import AuditEvent, Job
from tanfeng.errors import AccessError, DataError, ModelError, Problem


@pytest.fixture
def kind(monkeypatch):
    """Register a function for one test and forget it afterwards."""
    monkeypatch.setattr(jobs, "_kinds", dict(jobs._kinds))
    monkeypatch.setattr(jobs, "INTERVAL_S", 0.0)

    def declare(function):
        jobs.register("test.work", title=gettext_lazy("Jobs"))(function)
        return "test.work"

    return declare


@pytest.fixture
def queued(kind, city, settings, monkeypatch):
    """Return a queued job whose work is given; nothing runs it but the test."""
    settings.JOBS_IMMEDIATE = False
    handed = []
    monkeypatch.setattr(jobs, "_task", lambda: handed.append)

    def make(function, **arguments):
        return jobs.enqueue(kind(function), "title", city, **arguments)

    make.handed = handed
    return make


def test_work_is_done_with_its_arguments_and_result(kind, city):
    def work(task, *, years):
        task.progress(40, gettext_lazy("Jobs"))
        task.save_file("../结果.xlsx", b"content")
        return {"years": years, "user": task.user.username, "url": "/runs/1/"}

    job = jobs.enqueue(kind(work), "title", city, years=[2024])
    assert job.status == Job.Status.DONE
    assert job.progress == 100
    assert job.result == {"years": [2024], "user": "city", "url": "/runs/1/"}
    assert job.result_name == "结果.xlsx"
    assert (settings.RESULTS / job.result_file).read_bytes() == b"content"
    assert (settings.RESULTS / job.result_file).stat().st_mode & 0o077 == 0
    assert job.finished_at >= job.started_at


def test_progress_is_seen_while_it_runs(kind, city):
    seen = []

    def work(task):
        task.progress(140, "x" * 400)
        job = jobs.status(task.job.pk)
        seen.append((job.progress, len(job.message), job.status, alive.is_alive(job.worker)))

    jobs.enqueue(kind(work), "title", city)
    assert seen == [(100, 300, "running", True)]


def test_progress_looks_at_the_row_now_and_then_only(
    kind, city, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(jobs, "INTERVAL_S", 60.0)

    def work(task):
        task.progress(1)
        with django_assert_num_queries(0):
            task.progress(2)

    assert jobs.enqueue(kind(work), "title", city).status == Job.Status.DONE


def test_unknown_work_is_refused(city):
    with pytest.raises(ModelError, match="no work of the kind"):
        jobs.enqueue("nonsense", "title", city)
    assert jobs.kind_title("nonsense") == "nonsense"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("the run has no year"), "the run has no year"),
        (AccessError(), "may not do this"),
        (PermissionDenied(), "may not do this"),
        (ZeroDivisionError("secret detail"), "error inside the program"),
    ],
)
def test_a_failure_says_why_in_words(kind, city, error, words):
    def work(task):
        raise error

    with translation.override("en"):
        job = jobs.enqueue(kind(work), "title", city)
    assert job.status == Job.Status.FAILED
    assert words in job.error
    assert "secret detail" not in job.error
    assert type(error).__name__ in job.traceback


def test_a_data_error_lists_its_problems_in_the_language_of_the_person(kind, city):
    def work(task):
        raise DataError(
            [Problem("X", "error", f"错{n}", f"wrong {n}", row=n) for n in range(1, 31)]
        )

    with translation.override("zh-hans"):
        job = jobs.enqueue(kind(work), "title", city)
    assert job.error.splitlines()[0] == "第 1 行：错1 [X]"
    assert len(job.error.splitlines()) == jobs.SHOWN_PROBLEMS + 1
    with translation.override("en"):
        job = jobs.enqueue(kind(work), "title", city)
    assert job.error.splitlines()[0] == "row 1: wrong 1 [X]"
    assert "10" in job.error.splitlines()[-1]


def test_a_person_whose_rights_changed_gets_nothing_done(queued, city):
    job = queued(lambda task: pytest.fail("ran"))
    city.role = "park"
    city.save()
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED


def test_a_queued_job_is_cancelled_at_once_and_never_runs(queued, city):
    job = queued(lambda task: pytest.fail("ran"))
    jobs.cancel(job, by=city)
    assert job.status == Job.Status.CANCELLED
    jobs.run(str(job.pk))
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert AuditEvent.objects.filter(action="job.cancel").count() == 1
    jobs.cancel(job, by=city)  # once more: nothing happens
    assert AuditEvent.objects.filter(action="job.cancel").count() == 1


def test_running_work_stops_at_its_next_word(kind, city):
    def work(task):
        jobs.cancel(jobs.status(task.job.pk), by=city)
        assert jobs.status(task.job.pk).status == Job.Status.RUNNING
        task.progress(50)
        pytest.fail("went on")

    assert jobs.enqueue(kind(work), "title", city).status == Job.Status.CANCELLED


def test_only_some_may_cancel(queued, firm_a):
    job = queued(lambda task: None)
    with pytest.raises(PermissionDenied):
        jobs.cancel(job, by=firm_a)


def test_a_job_is_done_once(queued):
    runs = []
    job = queued(lambda task: runs.append(1))
    jobs.run(str(job.pk))
    jobs.run(str(job.pk))
    assert runs == [1]


def test_a_dead_worker_is_noticed(queued, city):
    code = (
        "import os, sys, time\n"
        "from tanfeng.console.core import alive\n"
        "import django.conf\n"
        "django.conf.settings.configure(WORKERS=sys.argv[1])\n"
        "print(alive.own_name(), flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(settings.WORKERS)], stdout=subprocess.PIPE, text=True
    ) as worker:
        name = worker.stdout.readline().strip()
        assert alive.is_alive(name)
        dying, waiting = queued(lambda task: None), queued(lambda task: None)
        Job.objects.filter(pk=dying.pk).update(status=Job.Status.RUNNING, worker=name)
        jobs.recover()
        dying.refresh_from_db()
        assert dying.status == Job.Status.RUNNING
        worker.kill()
        worker.wait()
    assert not alive.is_alive(name)
    queued.handed.clear()
    jobs.recover()
    dying.refresh_from_db()
    assert dying.status == Job.Status.FAILED
    assert dying.error
    assert queued.handed == [str(waiting.pk)]


def test_cancelling_work_whose_worker_is_gone_ends_it(queued, city):
    job = queued(lambda task: None)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.RUNNING, worker="gone")
    job.refresh_from_db()
    jobs.cancel(job, by=city)
    assert job.status == Job.Status.CANCELLED


def test_nameless_and_strange_workers_are_not_alive():
    assert not alive.is_alive("")
    assert not alive.is_alive("../../etc/passwd")


@pytest.mark.django_db(transaction=True)
def test_a_worker_in_this_process_takes_the_job_from_the_queue(kind, city, settings, tmp_path):
    settings.JOBS_IMMEDIATE = False
    settings.JOBS_DATABASE = tmp_path / "jobs.sqlite3"
    jobs.queue.cache_clear()
    jobs._task.cache_clear()
    began = threading.Event()

    def work(task):
        began.set()
        return {"sum": 3}

    consumer = jobs.start_worker()
    try:
        job = jobs.enqueue(kind(work), "title", city)
        # Nobody asks the database meanwhile: two threads share one in memory, where a table that
        # is read cannot be written, and nobody waits for it.
        assert began.wait(60)
    finally:
        consumer.stop(graceful=True)
    try:
        found = jobs.status(job.pk)
        assert (found.status, found.result) == (Job.Status.DONE, {"sum": 3})
    finally:
        jobs.queue().storage.close()
        jobs.queue.cache_clear()
        jobs._task.cache_clear()


# Pages


def test_the_list_shows_and_filters(kind, city, client_for):
    jobs.enqueue(kind(lambda task: None), "one that is done", city)

    def fail(task):
        raise ModelError("no")

    jobs.enqueue(kind(fail), "one that failed", city)
    client = client_for(city)
    assert len(client.get(reverse("jobs")).context["page_obj"]) == 2
    page = client.get(reverse("jobs"), {"status": "failed"})
    assert [job.title for job in page.context["page_obj"]] == ["one that failed"]
    assert client.get(reverse("jobs"), {"export": "xlsx"}).content[:2] == b"PK"


def test_a_job_that_runs_renews_itself_and_reloads_the_page_when_it_ended(queued, city, client_for):
    job = queued(lambda task: {"url": "/jobs/", "rows": 3})
    client = client_for(city)
    page = client.get(reverse("job", args=(job.pk,)))
    assert reverse("job-progress", args=(job.pk,)) in page.content.decode()
    assert page.context["may_cancel"]
    part = client.get(reverse("job-progress", args=(job.pk,)))
    assert "HX-Refresh" not in part
    jobs.run(str(job.pk))
    assert client.get(reverse("job-progress", args=(job.pk,)))["HX-Refresh"] == "true"
    page = client.get(reverse("job", args=(job.pk,)))
    assert page.context["next_url"] == "/jobs/"
    assert page.context["facts"] == [("行数", "3")]
    assert "every 2s" not in page.content.decode()


def test_a_result_never_leads_out_of_the_house(kind, city, client_for):
    job = jobs.enqueue(kind(lambda task: {"url": "https://elsewhere.example/"}), "t", city)
    assert client_for(city).get(reverse("job", args=(job.pk,))).context["next_url"] == ""
    job = jobs.enqueue(kind(lambda task: {"url": "//elsewhere.example/"}), "t", city)
    assert client_for(city).get(reverse("job", args=(job.pk,))).context["next_url"] == ""


def test_the_traceback_is_for_administrators(kind, city, admin_user, client_for):
    def fail(task):
        raise ZeroDivisionError("inner detail")

    job = jobs.enqueue(kind(fail), "title", city)
    url = reverse("job", args=(job.pk,))
    assert "inner detail" not in client_for(city).get(url).content.decode()
    assert "inner detail" in client_for(admin_user).get(url).content.decode()


def test_a_file_made_under_an_assignment_ends_with_it(kind, verifier, org_b, client_for):
    def work(task):
        task.save_file("结果.txt", b"of firm a")

    job = jobs.enqueue(kind(work), "title", verifier)
    assert job.codes == ["91359999MADEM00015"]
    page, file = (reverse(name, args=(job.pk,)) for name in ("job", "job-file"))
    client = client_for(verifier)
    # One enterprise more takes nothing away.
    Assignment.objects.create(
        verifier=verifier, organisation=org_b, valid_from=timezone.localdate()
    )
    assert client.get(file).content == b"of firm a"
    assert not client.get(page).context["is_closed"]
    Assignment.objects.filter(organisation__credit_code=job.codes[0]).update(
        valid_to=timezone.localdate() - timedelta(days=1)
    )
    assert client.get(file).status_code == 403
    shown = client.get(page)
    assert shown.context["is_closed"]
    assert not shown.context["may_download"]
    assert "请重新生成" in shown.content.decode()


def test_the_file_is_handed_to_who_may_see_the_job(kind, firm_a, firm_b, client_for):
    def work(task):
        task.save_file("结果.txt", b"for firm a")

    job = jobs.enqueue(kind(work), "title", firm_a)
    url = reverse("job-file", args=(job.pk,))
    answer = client_for(firm_a).get(url)
    assert answer.content == b"for firm a"
    assert "%E7%BB%93%E6%9E%9C.txt" in answer["Content-Disposition"]
    assert client_for(firm_b).get(url).status_code == 404
    assert AuditEvent.objects.filter(action="job.download").count() == 1
    bare = jobs.enqueue(kind(lambda task: None), "title", firm_a)
    assert client_for(firm_a).get(reverse("job-file", args=(bare.pk,))).status_code == 404


def test_the_stop_button(queued, city, client_for):
    job = queued(lambda task: None)
    url = reverse("job-cancel", args=(job.pk,))
    assert client_for(city).get(url).status_code == 405
    page = client_for(city).post(url, follow=True)
    assert page.context["job"].status == Job.Status.CANCELLED
