"""Where the models of known vendors are asked, and which variable holds the token for them.

All of them speak the chat protocol of OpenAI at the URL given here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Vendor:
    """A vendor of models, or a program that serves them.

    base_url: where its endpoint is; "" where only the user knows.
    variables: environment variables that hold the token, the usual one first; none where no token is needed.
    """

    base_url: str = ""
    variables: tuple[str, ...] = ()


VENDORS: Mapping[str, Vendor] = {
    "anthropic": Vendor("https://api.anthropic.com/v1", ("ANTHROPIC_API_KEY",)),
    "cerebras": Vendor("https://api.cerebras.ai/v1", ("CEREBRAS_API_KEY",)),
    "deepinfra": Vendor("https://api.deepinfra.com/v1/openai", ("DEEPINFRA_API_KEY",)),
    "deepseek": Vendor("https://api.deepseek.com/v1", ("DEEPSEEK_API_KEY",)),
    "fireworks_ai": Vendor("https://api.fireworks.ai/inference/v1", ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY")),
    "gemini": Vendor("https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY", "GOOGLE_API_KEY")),
    "groq": Vendor("https://api.groq.com/openai/v1", ("GROQ_API_KEY",)),
    "hosted_vllm": Vendor(variables=("HOSTED_VLLM_API_KEY",)),
    "litellm_proxy": Vendor(variables=("LITELLM_PROXY_API_KEY",)),
    "lm_studio": Vendor("http://localhost:1234/v1"),
    "mistral": Vendor("https://api.mistral.ai/v1", ("MISTRAL_API_KEY",)),
    "ollama": Vendor("http://localhost:11434/v1"),
    "openai": Vendor("https://api.openai.com/v1", ("OPENAI_API_KEY",)),
    "openrouter": Vendor("https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",)),
    "perplexity": Vendor("https://api.perplexity.ai", ("PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY")),
    "together_ai": Vendor("https://api.together.xyz/v1", ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY")),
    "xai": Vendor("https://api.x.ai/v1", ("XAI_API_KEY",)),
}
"""By the word before the slash of a provider such as ``"groq/llama-3.3-70b-versatile"``."""

ALIASES: Mapping[str, str] = {
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "ollama_chat": "ollama",
    "together": "together_ai",
    "vllm": "hosted_vllm",
}
