"""Modules find each other's hashed names, so that a page never mixes two releases."""

import re
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from portal.core.static_storage import ModuleStorage

FILES = {
    "js/page.js": 'import { a } from "./part.js";\nimport("../vendor/big.js");\n',
    "js/part.js": 'import big from "../vendor/big.js";\nexport const a = big;\n',
    "vendor/big.js": "export default 1;\n",
}


@pytest.fixture
def stored(tmp_path: Path) -> ModuleStorage:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    storage = ModuleStorage(location=tmp_path, base_url="/static/")
    source = FileSystemStorage(location=tmp_path)
    problems = [
        found
        for _, _, found in storage.post_process({name: (source, name) for name in FILES})
        if isinstance(found, Exception)
    ]
    assert problems == []
    return storage


def test_imports_lead_to_hashed_names(stored: ModuleStorage, tmp_path: Path) -> None:
    page = (tmp_path / stored.stored_name("js/page.js")).read_text()
    part, big = stored.stored_name("js/part.js"), stored.stored_name("vendor/big.js")
    assert re.search(r"\.[0-9a-f]{12}\.js$", part)
    assert f'from "./{Path(part).name}"' in page
    assert f'import("../vendor/{Path(big).name}")' in page


def test_a_module_whose_import_changed_has_another_name(stored: ModuleStorage, tmp_path: Path) -> None:
    before = stored.stored_name("js/page.js")
    (tmp_path / "vendor/big.js").write_text("export default 2;\n")
    again = ModuleStorage(location=tmp_path, base_url="/static/")
    source = FileSystemStorage(location=tmp_path)
    list(again.post_process({name: (source, name) for name in FILES}))
    assert again.stored_name("js/page.js") != before
