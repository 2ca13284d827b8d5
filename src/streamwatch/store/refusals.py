"""Why a database cannot be opened, in one sentence with its cure. Never its URL: that may hold a password."""

from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from streamwatch.errors import CommandFailed
from streamwatch.language import Text

SQLITE_CURE = Text(
    "请检查 duty.yml 里的 database：它的文件夹要能由这个用户写入，磁盘要有空间",
    "Check 'database' in duty.yml: this user must be able to write to its folder, and the disk must have room.",
)
POSTGRESQL_CURE = Text(
    "请检查 duty.yml 里的 database：那里的服务器要在运行，并接受这个用户和数据库名",
    "Check 'database' in duty.yml: its server must run, and take this user and this name of a database.",
)

UNKNOWN = Text(
    "duty.yml 里的 database 不是认识的数据库地址；请写成 sqlite:///文件 或 postgresql://用户@主机/库名",
    "'database' in duty.yml is not the address of a database that is known; "
    "write sqlite:///FILE or postgresql://USER@HOST/NAME",
)
NEWER = Text(
    "数据库是更新版本的 StreamWatch 建的；请用那个版本，或换一个数据库",
    "the database was made by a newer version of StreamWatch; run that one, or name another database",
)


def address(database: str) -> URL:
    """Raises `CommandFailed` for what is not the address of a database that we know."""
    try:
        url = make_url(database)
    except ArgumentError:
        raise _unknown() from None
    if url.drivername == "postgres":
        url = url.set(drivername="postgresql")
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise _unknown()
    return url


def _unknown() -> CommandFailed:
    return CommandFailed(UNKNOWN)


def no_driver() -> CommandFailed:
    return CommandFailed(
        (
            "连接 PostgreSQL 缺少驱动；请安装：pip install 'streamwatch[postgresql]'",
            "the driver for PostgreSQL is missing; install it: pip install 'streamwatch[postgresql]'",
        )
    )


def refusal(url: URL, error: SQLAlchemyError | OSError) -> CommandFailed:
    zh, en = SQLITE_CURE if url.get_backend_name() == "sqlite" else POSTGRESQL_CURE
    why = _words(error)
    return CommandFailed((f"数据库打不开：{why}。{zh}", f"the database cannot be opened: {why}. {en}"))


def _words(error: SQLAlchemyError | OSError) -> str:
    """The first line of what the database itself says, without the statement, its values or the URL."""
    if isinstance(error, OSError):
        return str(error.strerror)
    words = str(getattr(error, "orig", None) or type(error).__name__).strip()
    return words.splitlines()[0].rstrip(".") if words else type(error).__name__
