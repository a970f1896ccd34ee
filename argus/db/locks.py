"""Every advisory lock of Argus in PostgreSQL, so that no two uses share a number.

The numbers never change: processes of two releases run side by side during an upgrade.
"""

from __future__ import annotations

from typing import Final

MIGRATE: Final = 0x41524755  # two processes that start together must not both migrate
REGISTER_MODEL: Final = 0x41524D44  # two workers that start together must not both make the tables
MODEL_ROLES: Final = 0x4152524F  # workers that start together must not both give out the roles
BUILD_INDEX: Final = 0x41524958  # with the dimension: building and dropping in one table would wait for each other
SYNC: Final = 0x41525359  # one process at a time polls, however many default workers there are
TAKE_TASKS: Final = 0x41525455  # with the project: workers take a run's tasks one after another
REMOVE_OLD_PREDICTIONS: Final = 0x41524F56  # with the project
WRITE_SAVED_SEARCH: Final = 0x41525357  # with the saved search: its view and ranks have one writer
REVIEW: Final = 0x41524756  # with the project: acceptance and undo, one at a time
SAMPLE: Final = 0x4152534D  # with the project: samples are drawn and accepted one at a time
UPLOAD: Final = 0x4152554C  # room on the disk is promised to one upload after another
IMPORT_UPLOAD: Final = 0x4152554D  # with the upload: one process at a time imports it
EDIT_TASK: Final = 0x41524554  # with the task: its annotation is edited by one at a time
EVALUATION: Final = 0x41524556  # with the evaluation: one process at a time computes it
LABEL_IMPORT_JOB: Final = 0x4152494A  # with the job: one process at a time works on it
LABEL_IMPORT: Final = 0x4152494C  # with the project: labels are imported, and imports taken back, one at a time
TEACH: Final = 0x41525445  # with the project: verifiers come into use one at a time
