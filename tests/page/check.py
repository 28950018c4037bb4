"""Looks at the status page with headless Chromium: check.py PROGRAM [FOLDER FOR SCREENSHOTS]

PROGRAM is the example `page`. Nothing is waited for but the end of loading: the page has no state beyond that.
"""

import base64
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

COMPANIES = 2_000
DESKTOP, PHONE = (1280, 900), (390, 844)
SCENES = {"empty": 0, "first-load": COMPANIES, "well": COMPANIES, "trouble": COMPANIES}

# Less contrast than that cannot be read by everybody (WCAG 2.1, AA; large text needs 3).
CONTRAST = """
const light = (channel) => (channel /= 255) <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
const luminance = ([r, g, b]) => 0.2126 * light(r) + 0.7152 * light(g) + 0.0722 * light(b);
const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
const behind = (element) => {
  for (let it = element; it; it = it.parentElement) {
    const colour = numbers(getComputedStyle(it).backgroundColor);
    if (colour[3] !== 0) return colour;
  }
  return [255, 255, 255];
};
const poor = new Set();
for (const element of document.body.querySelectorAll("*")) {
  const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  if (!isText || element.closest("svg") || !element.getClientRects().length) continue;
  const [one, other] = [numbers(getComputedStyle(element).color), behind(element)].map(luminance);
  const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const size = parseFloat(getComputedStyle(element).fontSize);
  if (ratio < (size >= 24 ? 3 : 4.5)) poor.add(`${element.localName}.${element.className}: ${ratio.toFixed(2)}`);
}
return [...poor];
"""

WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", (event) => violations.push(`${event.violatedDirective} ${event.blockedURI}`));
addEventListener("error", (event) => violations.push(String(event.message)));
"""


@contextlib.contextmanager
def served(program, scene, companies, token):
    """The page of a scene; its address, with the token as the password of anybody."""
    server = subprocess.Popen(
        [program, scene, str(companies), token], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("http://"), f"the page of {scene} is not served"
        password = Path(token).read_text()
        yield address.replace("http://", f"http://anybody:{password}@") + "/"
    finally:
        server.stdin.close()
        server.wait()


def browser(folder):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        f"--user-data-dir={folder}",
    ]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    return driver


def look(driver, size, scheme):
    """As a window of this size, for somebody who likes it dark or light."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def is_clean(driver, where):
    said = driver.get_log("browser")
    assert not said, f"{where}: the console says {said}"
    violations = driver.execute_script("return window.violations")
    assert violations == [], f"{where}: {violations}"
    foreign = driver.execute_script(
        "return performance.getEntriesByType('resource').map((it) => it.name).filter((name) => new URL(name).origin !== location.origin)"
    )
    assert foreign == [], f"{where}: it loads {foreign}"


def fits(driver, where):
    wide, window = driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
    assert wide <= window, f"{where}: {wide} px are wider than {window}"
    poor = driver.execute_script(CONTRAST)
    assert poor == [], f"{where}: too little contrast: {poor}"


def shoot(driver, shots, name):
    if shots is None:
        return
    height = driver.execute_script("return document.documentElement.scrollHeight")
    top = min(height, 4_000)
    for part, (begin, tall) in {"top": (0, top), "end": (height - 1_600, 1_600)}.items():
        clip = {"x": 0, "y": max(begin, 0), "width": driver.execute_script("return innerWidth"), "height": tall, "scale": 1}
        shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
        (Path(shots) / f"{name}-{part}.png").write_bytes(base64.b64decode(shot["data"]))


def shown(driver):
    return driver.execute_script(
        "return [...document.querySelectorAll('#companies tbody tr')].filter((row) => !row.hidden)"
        ".map((row) => row.querySelector('bdi').textContent)"
    )


def searches(driver):
    query = driver.find_element(By.ID, "query")
    assert query.is_displayed(), "there is no search"
    found = driver.find_element(By.ID, "found")

    def search(text):
        query.send_keys(Keys.CONTROL, "a")
        query.send_keys(Keys.DELETE)
        query.send_keys(text)
        return shown(driver)

    assert search("thistle hotels") == ["Thistle Hotels"]
    assert found.text == "1 of 2,000", found.text
    assert search("HOTELS thistle") == ["Thistle Hotels"], "words in any order"
    assert search("شركة") == ["شركة الأمثلة المحدودة"]
    assert search("<script>") == ["<script>alert(1)</script>"]
    assert search("nobody is called so") == []
    assert found.text == "0 of 2,000", found.text
    incomplete = search("incomplete")
    legend = driver.find_element(By.XPATH, "//ul[@class='legend']/li[contains(., 'incomplete')]").text
    assert len(incomplete) == int(legend.split()[0]) > 0, legend
    assert len(search("")) == COMPANIES
    query.send_keys("x", Keys.ENTER)
    assert driver.find_element(By.ID, "query").get_attribute("value") == "x", "Enter sends nothing"
    search("")


def sorts(driver):
    before = shown(driver)
    cell = "return [...document.querySelectorAll('#companies tbody tr')].map((row) => {}) "

    def press(header):
        button = driver.find_element(By.XPATH, f"//table[@id='companies']/thead//button[.='{header}']")
        # By keyboard: what a mouse can do, the keys can as well.
        button.send_keys(Keys.ENTER)
        return button.find_element(By.XPATH, "..").get_attribute("aria-sort")

    assert press("Company") == "ascending"
    names = [name for name in shown(driver) if name[:1].isascii() and name[:1].isalpha()]
    assert names == sorted(names, key=str.casefold) and len(names) > COMPANIES - 10
    assert press("Company") == "descending"
    names = [name for name in shown(driver) if name[:1].isascii() and name[:1].isalpha()]
    assert names == sorted(names, key=str.casefold, reverse=True)
    for header, place in [("Complete as of", 2), ("Access until", 3)]:
        value = f"row.cells[{place}].firstElementChild?.dateTime ?? ''"
        assert press(header) == "ascending"
        times = driver.execute_script(cell.format(value))
        assert times == sorted(times) and times[0] == "" and times[-1] != "", times[:3]
        assert press(header) == "descending"
        times = driver.execute_script(cell.format(value))
        assert times == sorted(times, reverse=True)
    assert press("State") == "ascending"
    states = driver.execute_script(cell.format("row.className"))
    assert states == sorted(states) and states[0] == "s0"
    assert sorted(shown(driver)) == sorted(before), "a row was lost"


def is_whole(driver):
    count = "return document.querySelectorAll(arguments[0]).length"
    assert driver.execute_script(count, "#companies tbody tr") == COMPANIES
    assert driver.execute_script(count, ".field:not(.key) rect > title") == COMPANIES
    for selector, expected in [("h1", 1), ("script", 1), ("img", 0), ("[style]", 0), ("[onerror]", 0), ("button[type=submit]", 0)]:
        assert driver.execute_script(count, selector) == expected, selector


def works_without_script(driver, address):
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.get(address)
        rows = driver.execute_cdp_cmd("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
        found = driver.execute_cdp_cmd("DOM.querySelectorAll", {"nodeId": rows, "selector": "#companies tbody tr"})
        assert len(found["nodeIds"]) == COMPANIES
        form = driver.execute_cdp_cmd("DOM.querySelectorAll", {"nodeId": rows, "selector": "#search[hidden]"})
        assert len(form["nodeIds"]) == 1, "what does not work is not shown"
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def main(program, shots=None):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        token = os.path.join(folder, "token")
        Path(token).write_text(secrets.token_hex(32))
        driver = browser(os.path.join(folder, "profile"))
        stack.callback(driver.quit)
        for scene, companies in SCENES.items():
            with served(program, scene, companies, token) as address:
                # The first look begins the prediction of the cycle; the second one may have it.
                for size, name in [(DESKTOP, "desktop"), (PHONE, "phone")]:
                    backgrounds = set()
                    for scheme in ["light", "dark"]:
                        where = f"{scene}-{name}-{scheme}"
                        look(driver, size, scheme)
                        driver.get(address)
                        is_clean(driver, where)
                        fits(driver, where)
                        shoot(driver, shots, where)
                        backgrounds.add(driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
                    assert len(backgrounds) == 2, f"{scene}: dark looks like light"
                if scene == "trouble":
                    look(driver, DESKTOP, "light")
                    driver.get(address)
                    is_whole(driver)
                    searches(driver)
                    sorts(driver)
                    is_clean(driver, "after search and sort")
                    driver.get(address)
                    timing = "const it = performance.getEntriesByType('navigation')[0];"
                    timing += "return [it.responseStart, it.domContentLoadedEventEnd, it.loadEventEnd, it.transferSize]"
                    first, ready, loaded, size = driver.execute_script(timing)
                    print(
                        f"page with {COMPANIES} companies: {size / 1000:.0f} kB, first byte after {first:.0f} ms,"
                        f" can be used after {ready:.0f} ms, loaded after {loaded:.0f} ms"
                    )
                    works_without_script(driver, address)
                print(f"{scene}: ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
