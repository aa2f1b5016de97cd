"""From an element of the input to the work that dispatch is told of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config.rendering import in_browser
from ..content.llm_scope import asks_model
from ..content.markdown import with_converter
from ..dispatch import BROWSER, HTTP, LOCAL, MODEL
from ..errors import describe
from .cached import is_in_cache
from .given import with_defaults
from .outcome import failed_before_start
from .tasks import BadElement, Work, make_work, shown_url

if TYPE_CHECKING:
    from ..results import CrawlResult
    from .engine import Engine
    from .plan import Plan


def work_of(index: int, element: object, plan: Plan) -> Work | CrawlResult:
    """Return what is to be done for *element*, or the failed result of one that cannot be crawled."""
    try:
        work = make_work(index, element, plan.configs)
        work.config = with_converter(with_defaults(work.config, plan.defaults), plan.markdown_converter)
        work.rendered = in_browser(work.config, has_browser=plan.shows_all, is_local=work.kind != "http")
    except BadElement as bad:
        return failed_before_start(index, bad.url, bad.message, metadata=bad.metadata)
    except Exception as error:  # noqa: BLE001 - a user's values; without a result the run would not end
        return failed_before_start(index, shown_url(element), describe(error))
    return work


def place_of(work: Work, plan: Plan, engine: Engine, *, may_be_cached: bool = True) -> tuple[str, str]:
    """Return the host whose pace *work* keeps and the kind of its session, as dispatch knows them.

    :param may_be_cached: False for one that was expected in the cache and is not there.
    """
    if may_be_cached and is_in_cache(work, plan, engine):
        return LOCAL, MODEL if asks_model(work.config) else HTTP
    if work.rendered:
        return work.host, BROWSER
    return work.host, MODEL if asks_model(work.config) else HTTP
