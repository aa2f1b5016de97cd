"""Parts of Chromium that are switched off, in the one option of the command line that does so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

OPTION = "--disable-features="
PLAYWRIGHTS = (
    "AutoDeElevate",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "BoundaryEventDispatchTracksNodeRemoval",
    "DestroyProfileOnBrowserClose",
    "DialMediaRouteProvider",
    "GlobalMediaControls",
    "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable",
    "LensOverlay",
    "MediaRouter",
    "PaintHolding",
    "ThirdPartyStoragePartitioning",
    "Translate",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "TcpPortRandomizationWin",
    "OptimizationHints",
    "NetworkTimeServiceQuerying",
    "AimEnabled",
    "PreconnectToSearch",
    "msForceBrowserSignIn",
    "msEdgeUpdateLaunchServicesPreferredVersion",
)
"""What some version of Playwright switches off: its own option does not count where another one is behind it."""
OURS = ("RenderDocument",)
"""With it, each document gets new frames in the browser's and the page's process: a third of what a page costs."""


def without_features(arguments: Iterable[str]) -> list[str]:
    """Return *arguments* of a command line with all that is to be switched off in one option, theirs included."""
    others, features = [], [*PLAYWRIGHTS, *OURS]
    for argument in arguments:
        if argument.startswith(OPTION):
            features += argument.removeprefix(OPTION).split(",")
        else:
            others.append(argument)
    return [OPTION + ",".join(dict.fromkeys(filter(None, features))), *others]
