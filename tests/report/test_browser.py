import shutil
import struct
import subprocess

import pytest

from tests.report.sample import sample_document
from wakegen.report.html import write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)

# Runs in the page and writes what it finds into the title, which --dump-dom shows. Sound that preloads delays `load`.
PROBE = """<script>addEventListener('load', () => {
  const wide = [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('svg'));
  const players = [...document.querySelectorAll('audio')].map(e => e.duration > 2 && !e.error);
  document.title = `width=${innerWidth} over=${wide.length} sounds=${players.every(Boolean) && players.length > 0} ${wide[0]?.outerHTML.slice(0, 80) ?? ''}`;
});</script></body>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    if CHROMIUM is None:
        pytest.skip(
            "Chromium is not installed: the report page was NOT looked at in a browser (apt-get install chromium)"
        )
    path = tmp_path_factory.mktemp("page") / "report.html"
    write(sample_document(count=340, minutes=3), path)
    return path


def chromium(profile, *arguments):
    done = subprocess.run(
        [CHROMIUM, *QUIET, f"--user-data-dir={profile}", *arguments], capture_output=True, timeout=120, check=True
    )
    return done.stdout.decode()


@pytest.mark.browser
def test_nothing_sticks_out_on_a_phone_and_the_sound_plays(page, tmp_path):
    # The page's own policy forbids other scripts, so the probe goes in without it; a frame gives the phone's width.
    probed = page.read_text().replace("http-equiv", "data-was").replace('preload="none"', 'preload="auto"')
    probed = probed.replace("</body>", PROBE)
    (tmp_path / "part.html").write_text(probed)
    frame = tmp_path / "frame.html"
    frame.write_text("""<iframe src='part.html' style='width:360px;height:3000px'></iframe><script>
      addEventListener('load', () => { document.title = frames[0].document.title; });</script>""")
    told = chromium(tmp_path / "profile", "--allow-file-access-from-files", "--dump-dom", frame.as_uri())
    assert "<title>width=360 over=0 sounds=true<" in told, told[:400]


@pytest.mark.browser
def test_the_page_is_drawn_in_light_dark_and_on_paper(page, tmp_path):
    sizes = []
    for name, flag in (
        ("light", "--blink-settings=preferredColorScheme=1"),
        ("dark", "--blink-settings=preferredColorScheme=0"),
    ):
        shot = tmp_path / f"{name}.png"
        chromium(tmp_path / name, flag, "--window-size=800,1200", f"--screenshot={shot}", page.as_uri())
        assert struct.unpack(">II", shot.read_bytes()[16:24]) == (800, 1200)
        sizes.append(shot.read_bytes())
    assert sizes[0] != sizes[1]
    paper = tmp_path / "report.pdf"
    chromium(tmp_path / "paper", f"--print-to-pdf={paper}", page.as_uri())
    assert paper.read_bytes().startswith(b"%PDF")
