"""The pages in a real browser, offline: nothing is fetched, nothing complains, nothing hangs over the edge.

Here: what only a browser can tell (requests, layout, errors). Not here: the content of the pages
(`tests/unit/packs/test_html.py`, `test_customers_html.py`, `test_value_html.py`). Chromium is Debian's; Playwright downloads nothing. Where one is missing these tests
fail and say what to install: a check that is skipped is no check.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.packs.make import make_packs
from tests.unit.packs.published import COMPANY, KPIS, SCRIPT, UNAVAILABLE
from tests.unit.packs.value_published import make_value

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = Path("/usr/bin/chromium")
# No sandbox: a container has no user namespaces for it, and the page is our own.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
WIDTHS = (1280, 390)
VIEWS = [(language, width) for language in ("fr", "en") for width in WIDTHS]


@dataclass
class Opened:
    """A page that was opened, with everything that it asked for and complained about."""

    page: Page
    path: Path
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is not there; install Chromium (Debian: apt-get install chromium)", pytrace=False)
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        pytest.fail("Playwright is not installed; install the project with its extra: pip install .[browser]", pytrace=False)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    """The files by page (kpis, value, customers) and language."""
    folder = tmp_path_factory.mktemp("pages")
    database = make_value(folder / "service_value.duckdb")
    found = {}
    for language in ("fr", "en"):
        made = make_packs(database, folder / "outbox", COMPANY, audience="direction", language=language, formats=["html"])
        found["kpis", language], found["value", language], found["customers", language] = made.files
    return found


def show(browser: Browser, path: Path, width: int) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    result = Opened(context.new_page(), path)
    result.page.on("request", lambda asked: result.requests.append(asked.url))
    result.page.on("console", lambda message: result.complaints.append(f"{message.type}: {message.text}"))
    result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
    result.page.goto(path.as_uri())
    yield result
    context.close()


@pytest.fixture(scope="module", params=[(page, *view) for page in ("kpis", "value", "customers") for view in VIEWS], ids=str)
def opened(request: pytest.FixtureRequest, browser: Browser, pages: dict[tuple[str, str], Path]) -> Iterator[Opened]:
    page, language, width = request.param
    yield from show(browser, pages[page, language], width)


@pytest.fixture(scope="module", params=VIEWS, ids=str)
def kpis(request: pytest.FixtureRequest, browser: Browser, pages: dict[tuple[str, str], Path]) -> Iterator[Opened]:
    language, width = request.param
    yield from show(browser, pages["kpis", language], width)


@pytest.fixture(scope="module", params=VIEWS, ids=str)
def value(request: pytest.FixtureRequest, browser: Browser, pages: dict[tuple[str, str], Path]) -> Iterator[Opened]:
    language, width = request.param
    yield from show(browser, pages["value", language], width)


@pytest.fixture(scope="module", params=VIEWS, ids=str)
def customers(request: pytest.FixtureRequest, browser: Browser, pages: dict[tuple[str, str], Path]) -> Iterator[Opened]:
    language, width = request.param
    yield from show(browser, pages["customers", language], width)


def test_the_page_asks_for_nothing_but_itself(opened: Opened) -> None:
    outside = [url for url in opened.requests if url != "data:,"]
    assert outside == [opened.path.as_uri()]


def test_the_browser_has_nothing_to_complain_about(opened: Opened) -> None:
    assert opened.complaints == []


def test_the_page_says_its_language_and_has_one_main_heading_and_five_sections(opened: Opened) -> None:
    language = opened.path.stem[-2:]
    assert opened.page.locator("html").get_attribute("lang") == language
    assert opened.page.locator("h1").count() == 1
    assert opened.page.locator("main section > h2").count() == 5
    assert opened.page.locator("main section > h2").first.is_visible()


def test_tables_and_trends_are_there_and_visible(kpis: Opened) -> None:
    for name in ("table.reasons", "table.feeds", "table.kpis", "table.heat"):
        assert kpis.page.locator(name).first.is_visible(), name
    trends = kpis.page.locator("svg.trend")
    assert trends.count() == len(KPIS) - 1  # one KPI is unavailable, one has no publishable month, and one more has quarters
    boxes = [trend.bounding_box() for trend in trends.all()]
    assert all(box is not None and box["width"] > 200 and box["height"] > 80 for box in boxes)


def test_nothing_hangs_over_the_edge_of_the_window(opened: Opened) -> None:
    width = opened.page.evaluate("document.documentElement.clientWidth")
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
    # wide grids scroll in a frame of their own, everything else has to fit
    over = opened.page.evaluate(
        """width => [...document.querySelectorAll('main *, header *, footer *')]
            .filter(e => !e.closest('.scroll table') && !e.closest('.hidden') && !e.closest('thead'))
            .filter(e => e.getBoundingClientRect().right > width + 1)
            .map(e => `${e.tagName}.${e.getAttribute('class')}: ${e.textContent.slice(0, 40)}`)""",
        width,
    )
    assert over == []


def test_no_text_of_a_trend_is_cut_or_lies_on_another(opened: Opened) -> None:
    bad = opened.page.evaluate(
        """() => [...document.querySelectorAll('svg.trend')].flatMap(svg => {
            const frame = svg.getBoundingClientRect();
            const texts = [...svg.querySelectorAll('.grid text')].map(e => [e.textContent, e.getBoundingClientRect()]);
            const cut = texts.filter(([, b]) => b.left < frame.left - 1 || b.right > frame.right + 1);
            const over = texts.flatMap(([name, a], i) => texts.slice(i + 1)
                .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)
                .map(([other]) => [`${name} on ${other}`]));
            return [...cut, ...over].map(([name]) => `${svg.querySelector('title').textContent}: ${name}`);
        })"""
    )
    assert bad == []


def test_figures_and_labels_are_not_cut_in_the_headlines(kpis: Opened) -> None:
    cut = kpis.page.evaluate(
        """() => [...document.querySelectorAll('.tiles .figure, .tiles .label, .sheet .figure')]
            .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
            .map(e => e.textContent)"""
    )
    assert cut == []


def test_nothing_in_a_page_can_run(opened: Opened) -> None:
    assert opened.page.locator("script").count() == 0


def test_a_hostile_label_is_text_in_the_browser(kpis: Opened) -> None:
    assert kpis.page.locator("#kpi-ces_mean h4").inner_text() == SCRIPT


def test_the_unavailable_kpi_shows_words(kpis: Opened) -> None:
    text = kpis.page.locator(f"#kpi-{UNAVAILABLE} .figure").inner_text()
    assert text in {"Indisponible", "Unavailable"}


def test_words_can_be_told_from_their_ground_in_light_and_in_dark(opened: Opened) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, AA) for every colour of text, in both schemes."""
    for scheme in ("light", "dark"):
        opened.page.emulate_media(color_scheme=scheme)
        poor = opened.page.evaluate(
            """() => {
                const numbers = text => text.match(/[\\d.]+/g).map(Number);
                const light = ([r, g, b]) => {
                    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
                };
                const paper = numbers(getComputedStyle(document.body).backgroundColor).slice(0, 3);
                // the grounds of all that it lies in, from the page up
                const groundOf = e => {
                    if (!e || e === document.body) return paper;
                    const below = groundOf(e.parentElement);
                    const ground = numbers(getComputedStyle(e).backgroundColor);
                    const alpha = ground.length > 3 ? ground[3] : 1;
                    return below.map((v, i) => v * (1 - alpha) + ground[i] * alpha);
                };
                const found = new Map();
                for (const e of document.querySelectorAll('main :is(th, td, small, p, li, dt, dd, h2, h3, h4, b, i, span)')) {
                    if (e.closest('.simulated') || !e.textContent.trim()) continue;
                    const style = getComputedStyle(e);
                    const mixed = groundOf(e);
                    const [a, b] = [light(numbers(style.color)), light(mixed)];
                    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                    if (ratio < 4.5) found.set(`${style.color} on ${mixed.map(Math.round)}: ${ratio.toFixed(2)}`, e.className);
                }
                return [...found.keys()];
            }"""
        )
        assert poor == [], scheme


def test_the_pages_lead_to_each_other_in_the_browser(kpis: Opened) -> None:
    for position, name in ((1, "value"), (2, "customers")):
        kpis.page.locator(".pages a").nth(position).click()
        assert kpis.page.url.endswith(kpis.path.name.replace("service_value_", f"service_value_{name}_"))
    kpis.page.locator(".pages a").nth(0).click()
    assert kpis.page.url == kpis.path.as_uri()


def test_maps_matrices_cards_and_models_are_there_and_visible(customers: Opened) -> None:
    for name, count in (("table.map", 4), ("table.matrix", 2), ("article.card", 5), ("table.gaps", 1), ("table.models", 1)):
        found = customers.page.locator(name)
        assert found.count() == count, name
        assert all(each.is_visible() for each in found.all()), name


def test_the_answer_and_whether_it_may_be_trusted_are_on_the_first_screen(value: Opened) -> None:
    for name in (".answer", ".trust"):
        box = value.page.locator(name).bounding_box()
        assert box is not None and box["y"] + box["height"] <= 900, name
    if value.page.viewport_size == {"width": 1280, "height": 900}:
        boxes = [figure.bounding_box() for figure in value.page.locator("#earned .euro .figure").all()]
        assert len(boxes) == 3 and all(box is not None and box["y"] + box["height"] <= 900 for box in boxes)


def test_no_figure_of_a_card_is_cut_and_no_label_of_an_axis_lies_on_another(value: Opened) -> None:
    cut = value.page.evaluate(
        """() => [...document.querySelectorAll('.euro *, .changes td, .forest td, .windows td')]
            .filter(e => !e.closest('.hidden') && !e.closest('svg') && getComputedStyle(e).display !== 'inline')
            .filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => `${e.tagName}: ${e.textContent.trim().slice(0, 40)}`)"""
    )
    assert cut == []
    over = value.page.evaluate(
        """() => [...document.querySelectorAll('.axis-row')].flatMap(svg => {
            const boxes = [...svg.querySelectorAll('text')].map(e => [e.textContent, e.getBoundingClientRect()]);
            return boxes.flatMap(([name, a], i) => boxes.slice(i + 1)
                .filter(([, b]) => a.left < b.right - 1 && b.left < a.right - 1).map(([other]) => `${name} on ${other}`));
        })"""
    )
    assert over == []


def test_the_folds_of_the_value_open_without_a_script(value: Opened) -> None:
    folds = value.page.locator("details")
    assert folds.count() == 3
    tables = value.page.locator("table.technical")
    assert not tables.first.is_visible()
    folds.last.locator("summary").click()
    assert tables.first.is_visible()
    width = value.page.evaluate("document.documentElement.clientWidth")
    assert value.page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_word_of_a_grid_is_cut_and_no_head_lies_on_the_next(customers: Opened) -> None:
    cut = customers.page.evaluate(
        """() => [...document.querySelectorAll('.map :is(th, td), .matrix :is(th, td), .gaps :is(th, td), .models td, .card *')]
            .filter(e => !e.closest('.hidden') && !e.closest('svg') && getComputedStyle(e).display !== 'inline')
            .filter(e => e.scrollWidth > e.clientWidth + 1)
            .map(e => `${e.tagName}: ${e.textContent.trim().slice(0, 40)}`)"""
    )
    assert cut == []


def test_no_name_at_the_head_of_a_grid_is_broken_inside_a_word(customers: Opened) -> None:
    broken = customers.page.evaluate(
        """() => [...document.querySelectorAll(':is(.map, .matrix, .gaps) th, .gaps td')].flatMap(cell => {
            const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            const bad = [];
            for (let node = walker.nextNode(); node; node = walker.nextNode()) {
                // the hostile label of the fixture is no word
                if (node.parentElement.closest('.hidden') || node.data.includes('<')) continue;
                for (const word of node.data.matchAll(/\\p{L}+/gu)) {
                    const range = document.createRange();
                    range.setStart(node, word.index);
                    range.setEnd(node, word.index + word[0].length);
                    if (new Set([...range.getClientRects()].map(box => box.top)).size > 1) bad.push(word[0]);
                }
            }
            return bad;
        })"""
    )
    assert broken == []


def test_a_wide_grid_can_be_reached_and_scrolled_by_keyboard(customers: Opened) -> None:
    frames = customers.page.locator(".scroll")
    assert frames.count() == 7
    for frame in frames.all():
        assert frame.get_attribute("tabindex") == "0" and frame.get_attribute("aria-labelledby")
        frame.focus()
        assert customers.page.evaluate("document.activeElement.classList.contains('scroll')")
    if customers.page.viewport_size == {"width": 390, "height": 900}:
        frames.first.focus()
        customers.page.keyboard.press("End")
        customers.page.keyboard.press("ArrowRight")
        customers.page.wait_for_function("document.querySelector('.scroll').scrollLeft > 0")


def test_a_hostile_persona_is_text_in_the_browser(customers: Opened) -> None:
    assert customers.page.locator("#persona-4 h3").inner_text() == SCRIPT


@pytest.mark.parametrize("page", ["value", "customers"])
def test_on_paper_nothing_is_wider_than_the_sheet(browser: Browser, pages: dict[tuple[str, str], Path], page: str) -> None:
    """A4 landscape less its margins is 1017 pixels of CSS; frames that scroll on screen have to show all on paper."""
    for opened in show(browser, pages[page, "fr"], 1017):
        opened.page.emulate_media(media="print")
        over = opened.page.evaluate(
            """() => [...document.querySelectorAll('main *')].filter(e => !e.closest('.hidden') && !e.closest('.watermark'))
                .filter(e => e.getBoundingClientRect().right > 1018)
                .map(e => `${e.tagName}.${e.getAttribute('class')}`)"""
        )
        assert over == []
