"""One browser and one filled node for all tests; a context of its own for each."""
import contextlib
import os
import shutil
import sys
import tempfile

import pytest
from playwright.sync_api import expect, sync_playwright

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../Harness"), os.path.join(HERE, "../API")]
from people import PASSWORD  # noqa: E402
from processes import Node  # noqa: E402
from scene import Scene  # noqa: E402
from viewing import Viewer, node_url  # noqa: E402

SCREENSHOTS = os.path.join(os.path.dirname(os.path.dirname(HERE)), ".build/screenshots")


def pytest_addoption(parser):
    parser.addoption("--build-dir", default=".build/debug")


def pytest_collection_modifyitems(items):
    """Pages first: their pictures show the scene, and not what other tests have added to it."""
    items.sort(key=lambda item: item.path.name != "test_pages.py")


@pytest.fixture(scope="session")
def binary(request):
    return os.path.abspath(request.config.getoption("--build-dir") + "/cronpp")


@pytest.fixture(scope="session")
def nodes(binary):
    """Makes nodes, each with data of its own."""
    with contextlib.ExitStack() as stack:
        def make(**environment):
            work = stack.enter_context(tempfile.TemporaryDirectory())
            node = Node(binary, work, environment=environment)
            stack.callback(node.stop)
            assert node.start(), node.log_tail()
            return node
        yield make


@pytest.fixture(scope="session")
def scene(nodes):
    scene = Scene(nodes())
    yield scene.fill()
    scene.stop()


@pytest.fixture(scope="session")
def first_start(nodes):
    """A node on which nobody has an account, and nobody gets one."""
    return nodes(CRONPP_REGISTRATION="first")


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "there is no chromium: script/prepare installs it"
    with sync_playwright() as playwright:
        # Root has no sandbox; /dev/shm is small in containers.
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def sessions(chromium, scene):
    """The cookies of whoever has signed in, by role."""
    made = {"nobody": None}

    def cookies(role):
        if role not in made:
            context = chromium.new_context(base_url=node_url(scene.node))
            page = context.new_page()
            page.goto("/login")
            page.get_by_label("Email").fill(scene.email(role))
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Now")
            made[role] = [one for one in context.cookies() if one["name"] == "cronpp_session"]
            context.close()
        return made[role]
    return cookies


@pytest.fixture
def see(chromium, scene, sessions):
    """Opens contexts that note everything which a browser complains of; a test that leaves complaints fails."""
    viewers = []

    def opened(role="admin", node=None, **options):
        viewer = Viewer(chromium, node or scene.node, sessions(role) if node is None else None, **options)
        viewers.append(viewer)
        return viewer
    yield opened
    for viewer in viewers:
        viewer.close()
    for viewer in viewers:
        assert viewer.complaints == []


@pytest.fixture(scope="session")
def screenshots():
    os.makedirs(SCREENSHOTS, exist_ok=True)
    for name in os.listdir(SCREENSHOTS):
        if name.endswith(".png"):
            os.remove(os.path.join(SCREENSHOTS, name))
    return SCREENSHOTS
