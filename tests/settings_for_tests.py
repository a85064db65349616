"""The console's settings over a home folder of the test run's own."""

import atexit
import os
import shutil
import tempfile

_home = tempfile.mkdtemp(prefix="tanfeng-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["TANFENG_HOME"] = _home
os.environ["TANFENG_JOBS_IMMEDIATE"] = "1"

from tanfeng.console.settings import *  # noqa: E402, F403

# Hashing is slow on purpose; tests sign in hundreds of times.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Every client of a test has handlers of its own, and each would list all static files first.
WHITENOISE_AUTOREFRESH = True
