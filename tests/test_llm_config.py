import pickle

import pytest

from scrapy_crawl4 import LLMConfig
from scrapy_crawl4.content.llm_request import Chat
from scrapy_crawl4.content.llm_vendors import VENDORS

SECRET = "sk-very-secret-0123"


def test_defaults_are_crawl4ais():
    assert LLMConfig().to_dict() == {
        "provider": "openai/gpt-4o",
        "api_token": None,
        "base_url": None,
        "temperature": None,
        "max_tokens": None,
        "top_p": None,
        "frequency_penalty": None,
        "presence_penalty": None,
        "stop": None,
        "n": None,
        "backoff_base_delay": 2,
        "backoff_max_attempts": 3,
        "backoff_exponential_factor": 2,
    }
    assert LLMConfig(backoff_base_delay=None, backoff_max_attempts=None) == LLMConfig()


@pytest.mark.parametrize(
    ("provider", "base_url", "vendor", "model", "endpoint"),
    [
        ("openai/gpt-4o", None, "openai", "gpt-4o", "https://api.openai.com/v1"),
        ("groq/llama-3", None, "groq", "llama-3", "https://api.groq.com/openai/v1"),
        ("ollama/llama3.3:70b", None, "ollama", "llama3.3:70b", "http://localhost:11434/v1"),
        ("OpenRouter/meta/llama", None, "openrouter", "meta/llama", "https://openrouter.ai/api/v1"),
        ("together/x", None, "together_ai", "x", "https://api.together.xyz/v1"),
        ("vllm/org/model", "http://127.0.0.1:8000/v1", "hosted_vllm", "org/model", "http://127.0.0.1:8000/v1"),
        ("org/model", "http://127.0.0.1:8000/v1", "", "org/model", "http://127.0.0.1:8000/v1"),
        ("model", "http://127.0.0.1:8000/v1", "", "model", "http://127.0.0.1:8000/v1"),
        ("openai/m", "https://proxy.example/v1", "openai", "m", "https://proxy.example/v1"),
    ],
)
def test_provider_and_endpoint(provider, base_url, vendor, model, endpoint):
    config = LLMConfig(provider, base_url=base_url)
    assert (config.vendor, config.model, config.endpoint) == (vendor, model, endpoint)


def test_openais_own_variable_names_the_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://gateway.example/v1")
    assert LLMConfig().endpoint == "http://gateway.example/v1"
    assert LLMConfig("groq/x").endpoint == VENDORS["groq"].base_url
    assert LLMConfig(base_url="http://mine.example/v1").endpoint == "http://mine.example/v1"


@pytest.mark.parametrize("provider", ["gpt-4o", "nobody/model", "vllm/model", "openai/"])
def test_an_unknown_provider_needs_an_endpoint(provider):
    with pytest.raises(ValueError, match="needs a base_url, the URL of an OpenAI-compatible endpoint") as caught:
        LLMConfig(provider)
    assert "anthropic, " in str(caught.value)
    assert "hosted_vllm" not in str(caught.value).partition("known")[2]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"provider": 1}, "provider must be a string"),
        ({"provider": " "}, "provider must be 'vendor/model'"),
        ({"base_url": "localhost:1234"}, "base_url must be a URL such as"),
        ({"base_url": "http://[::1"}, "base_url must be a URL such as"),
        ({"base_url": f"https://me:{SECRET}@x.example/v1"}, "base_url must not hold a user name or password"),
        ({"api_token": 12345678}, "api_token must be a string, got a value of type int"),
        ({"api_token": "***"}, "api_token is only the mask"),
        ({"api_token": "env:"}, "must name the environment variable"),
        ({"api_token": f"{SECRET}\n"}, "api_token must consist of printable ASCII characters"),
        ({"temperature": -1}, "temperature must be"),
        ({"temperature": "hot"}, "temperature must be"),
        ({"max_tokens": 0}, "max_tokens must be a whole number of tokens, 1 or more"),
        ({"top_p": 1.5}, "top_p must be a number from 0 to 1"),
        ({"frequency_penalty": "x"}, "frequency_penalty must be a number"),
        ({"presence_penalty": float("nan")}, "presence_penalty must be a number"),
        ({"stop": [1]}, "stop must be a list of strings"),
        ({"n": 0}, "n must be a whole number"),
        ({"backoff_base_delay": -1}, "backoff_base_delay must be a number of seconds"),
        ({"backoff_max_attempts": 0}, "backoff_max_attempts must be"),
        ({"backoff_exponential_factor": 0}, "backoff_exponential_factor must be a positive number"),
    ],
)
def test_wrong_values_are_named(options, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared
        LLMConfig(**options)
    assert sentence in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "12345678" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_token_is_never_shown():
    config = LLMConfig(api_token=SECRET)
    shown = f"{config!r} {config} {config.to_dict()} {config.dump()}"
    assert SECRET not in shown
    assert shown.count("***") == 4
    chat = Chat(config, [], {})
    assert SECRET not in repr(chat)
    assert pickle.loads(pickle.dumps(config)).token() == SECRET


def test_the_name_of_a_variable_is_no_secret(monkeypatch):
    config = LLMConfig(api_token="env:MY_KEY")
    monkeypatch.setenv("MY_KEY", SECRET)
    assert config.token() == SECRET
    assert "env:MY_KEY" in repr(config)
    assert SECRET.encode() not in pickle.dumps(config)
    assert LLMConfig.from_kwargs(config.to_dict()) == config
    assert LLMConfig.load(config.dump()) == config
    monkeypatch.delenv("MY_KEY")
    with pytest.raises(ValueError, match="the environment variable MY_KEY is not set"):
        config.token()


def test_usual_variables(monkeypatch):
    for vendor in VENDORS.values():
        for name in vendor.variables:
            monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="set GROQ_API_KEY, or give api_token"):
        LLMConfig("groq/x").token()
    monkeypatch.setenv("GROQ_API_KEY", "g")
    monkeypatch.setenv("GOOGLE_API_KEY", "second")
    assert LLMConfig("groq/x").token() == "g"
    assert LLMConfig("gemini/x").token() == "second"
    assert LLMConfig("groq/x", api_token="mine").token() == "mine"
    # Endpoints of one's own, and those that ask for none.
    assert LLMConfig("ollama/x").token() == LLMConfig("x", base_url="http://127.0.0.1/v1").token() == "no-token-needed"


def test_copies():
    config = LLMConfig(api_token=SECRET, temperature=0.5, stop="END")
    assert config.stop == ["END"]
    changed = config.clone(temperature=0.7)
    assert (changed.token(), changed.temperature, config.temperature) == (SECRET, 0.7, 0.5)
    assert LLMConfig.from_kwargs({"temperature": 0.5, "unknown": 1}) == LLMConfig(temperature=0.5)
    with pytest.raises(TypeError, match="no attribute 'temprature'; did you mean 'temperature'"):
        config.temprature = 1
    with pytest.raises(ValueError, match="temperature"):
        config.temperature = "x"
    with pytest.raises(TypeError):
        LLMConfig(nonsense=1)


def test_defaults_may_be_set():
    try:
        LLMConfig.set_defaults(provider="ollama/x", temperature=0.1)
        assert LLMConfig().model == "x"
        assert LLMConfig("groq/y").temperature == 0.1
    finally:
        LLMConfig.reset_defaults()
    assert LLMConfig().provider == "openai/gpt-4o"


def test_openai_itself_gets_the_new_name_of_max_tokens(monkeypatch):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert Chat(LLMConfig(max_tokens=5), [], {}).body() == {"max_completion_tokens": 5}
    assert Chat(LLMConfig("groq/x", max_tokens=5), [], {}).body() == {"max_tokens": 5}
    assert Chat(LLMConfig(temperature=1), [], {"temperature": None, "timeout": 3}).body() == {}
