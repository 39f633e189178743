"""The errors that the core raises; each adapter translates them once.

QAError                     base of all: a message that says what, which value, what to do
├── SettingsError           a setting has a value that cannot be used
├── DocumentError           a file of the corpus cannot be read as a document
├── CorpusError             the corpus as a whole cannot be used (missing, nothing readable)
├── ModelError              an encoder cannot be prepared or loaded
├── EvaluationError         a question set or a report cannot be used or written (`qa.evaluation.questions`)
├── NotReadyError           the service cannot answer yet (`qa.serving.problems`)
├── GenerationError         an index generation cannot be built, read or used
│   ├── NoGenerationError     nothing has been built yet
│   ├── IndexFolderError      the index folder cannot be written
│   ├── UnreachableStoreError the server that holds the index does not answer
│   ├── MissingCollectionError what held a generation there is gone
│   ├── UnknownGenerationError a generation that is not there
│   ├── DamagedGenerationError a checksum, a count or a format does not hold
│   └── MismatchError       the index was made by another model or format
├── UnknownDocumentError    a document id that the index or the corpus does not hold
├── UnknownPassageError     a passage that no generation is known to have held
├── GonePassageError        a passage that the index once held, and nothing in its place
├── TurnError               a conversation holds nothing that could be answered
├── EditError               a document cannot be written or removed
│   ├── InvalidIdError        what was named cannot be the id of a document
│   ├── PreconditionError     the file on disk is not the one that the edit was made to
│   └── ConflictError         the corpus as it is does not allow the edit
└── JobError                a rebuild cannot be started
    └── UnknownJobError       a rebuild's id that the index folder does not hold
"""

from __future__ import annotations


def first_line(error: BaseException) -> str:
    """What another library says went wrong, as one short line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


class QAError(Exception):
    """Base of every error that Suraq raises on purpose; ``str()`` is fit to show to a user."""


class SettingsError(QAError):
    """A setting has a value that cannot be used."""


class DocumentError(QAError):
    """A file of the corpus cannot be read as a document."""


class CorpusError(QAError):
    """The corpus as a whole cannot be used."""


class ModelError(QAError):
    """An encoder cannot be prepared or loaded."""


class GenerationError(QAError):
    """An index generation cannot be built, read or used."""


class NoGenerationError(GenerationError):
    """No generation has been published in the index folder."""


class IndexFolderError(GenerationError):
    """The index folder cannot be written: no room, no permission."""


class UnreachableStoreError(GenerationError):
    """The server that holds the index does not answer."""


class MissingCollectionError(GenerationError):
    """A collection or an alias that the server does not have."""


class UnknownGenerationError(GenerationError):
    """A generation id that the index folder does not hold."""


class DamagedGenerationError(GenerationError):
    """A generation on disk fails its own manifest."""


class MismatchError(GenerationError):
    """The generation was made by another model or in another format."""


class UnknownDocumentError(QAError):
    """A document id that the live index or the corpus does not hold."""


class UnknownPassageError(QAError):
    """A passage that neither the live index nor its history holds."""


class GonePassageError(QAError):
    """A passage of an earlier generation that nothing took the place of."""


class TurnError(QAError):
    """A conversation holds nothing that could be answered."""


class EditError(QAError):
    """A document cannot be written or removed."""


class InvalidIdError(EditError):
    """What was named cannot be the id of a document."""


class PreconditionError(EditError):
    """The file on disk is not the one that the edit was made to."""


class ConflictError(EditError):
    """The corpus as it is does not allow the edit."""


class JobError(QAError):
    """A rebuild cannot be started."""


class UnknownJobError(JobError):
    """A rebuild's id that the index folder does not hold."""
