"""How the tests start Debian's Chromium: ``playwright.chromium.launch(**LAUNCH)``."""

import os

CHROMIUM = os.environ.get("EDGE_AGENT_CHROMIUM", "/usr/bin/chromium")

_WITHOUT = (
    # Chromium draws three pages of its own for the suggestions of an address bar that nobody sees,
    # for each new context: more than half of what the context costs.
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    # The last --disable-features is the one that counts, so these of Playwright's are said again.
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades"),
    *("HttpsFirstBalancedModeAutoEnable", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
)
LAUNCH = {
    "executable_path": CHROMIUM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--disable-features={','.join(_WITHOUT)}",
    ],
}
