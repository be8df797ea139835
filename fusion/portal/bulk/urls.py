"""URLs of the changes of everything below an organization."""

from django.urls import path

from fusion.portal.bulk import pages, submit

ORGANIZATION = "customers/<uuid:organization_id>"
JOBS = f"{ORGANIZATION}/changes"
JOB = f"{JOBS}/<uuid:bulk_id>"

urlpatterns = [
    path(f"{ORGANIZATION}/suspend", submit.suspend, name="organizations-suspend"),
    path(f"{ORGANIZATION}/resume", submit.resume, name="organizations-resume"),
    path(JOBS, pages.jobs, name="organizations-jobs"),
    path(JOB, pages.job, name="organizations-job"),
    path(f"{JOB}/rows.<file_format:format>", pages.results, name="organizations-job-rows"),
    path(f"{JOB}/cancel", pages.cancel, name="organizations-job-cancel"),
]
