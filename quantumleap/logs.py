"""Structured logs on standard output: a readable line, or one JSON object a line."""

import logging.config
from typing import Any

import structlog

SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
AS_JSON = [structlog.processors.format_exc_info]  # the traceback as one string


class UnknownHost(logging.Filter):
    """A request for a host that is not ours is a scanner's, no fault of ours: one line and no traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return logging.getLogger().isEnabledFor(logging.WARNING)


class Refused(logging.Filter):
    """What we refuse with a 4xx and a reason is one line; a traceback would tell of nothing but the refusal."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR:
            record.exc_info = record.exc_text = None
        return True


def logging_settings(*, level: str, as_json: bool) -> dict[str, Any]:
    """Set up structlog and the standard library's logging alike, and return what was set."""
    # plain tracebacks: a rich one prints the local variables, and with them whatever secret they hold
    console = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    renderer = structlog.processors.JSONRenderer() if as_json else console
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    settings = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": SHARED,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    *(AS_JSON if as_json else []),
                    renderer,
                ],
            }
        },
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["console"], "level": level},
        "filters": {"unknown_host": {"()": UnknownHost}, "refused": {"()": Refused}},
        "loggers": {
            "daphne": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},  # each call to the broker is kept as an attempt
            "httpcore": {"level": "WARNING"},
            "django.request": {"filters": ["refused"]},
            "django.security.DisallowedHost": {"filters": ["unknown_host"]},
        },
    }
    logging.config.dictConfig(settings)
    return settings
