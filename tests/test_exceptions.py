import inspect
import pickle

import pytest

from scrapy_crawl4 import exceptions

ERRORS = [value for value in vars(exceptions).values() if inspect.isclass(value)]


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_in_the_tree_of_the_docstring_and_pickles(error):
    assert issubclass(error, exceptions.Crawl4Error)
    assert error.__name__ in exceptions.__doc__
    copied = pickle.loads(pickle.dumps(error("one sentence")))
    assert str(copied) == "one sentence"
    for base in error.__bases__[1:]:
        assert f"({base.__name__})" in exceptions.__doc__
