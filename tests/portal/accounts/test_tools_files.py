"""The files for people's own tools say the same to every program that reads them, whatever stands in the names."""

import json
import subprocess
from pathlib import Path

import pytest
import yaml
from openstack.config import loader

from portal.accounts import cloud_files, tools_files
from portal.accounts.tools_files import Access, entry_name

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
HOSTILE = (
    "plain",
    'it\'s "quoted"',
    "$(touch /tmp/owned) `id` ${HOME} $HOME",
    "two\nlines\r\nand \x85 \u2028 more",
    "%{ if true } #{x} \\ back\\\\slash",
    "naïve 🚀 ‘curly’ ’",
    "- yaml: [no]\n# nor: this",
)
CONFLICTS = {
    "OS_PROJECT_NAME": "other",
    "OS_USERNAME": "me",
    "OS_PASSWORD": "pw",
    "OS_USER_DOMAIN_NAME": "Default",
}


def access(**changes: object) -> Access:
    given: dict[str, object] = {
        "entry": "demo-bio220047-iu",
        "auth_url": "https://keystone.example:5000/v3",
        "region": "IU",
        "interface": "public",
        "verify": True,
        "id": "0123456789abcdef",
        "secret": "s3cret-_x",
        "about": "BIO220047 at Demo cloud",
    }
    return Access(**{**given, **changes})  # type: ignore[arg-type]


def by_shell(text: str, folder: Path) -> dict[str, str]:
    """What the variables are after `. openrc` in a shell that had others before."""
    (folder / "openrc").write_text(text)
    done = subprocess.run(
        ["bash", "-c", "set -a; set -e; . ./openrc; exec env -0"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", **CONFLICTS},
        capture_output=True,
        check=True,
    )
    assert done.stderr == b""
    pairs = (line.partition("=") for line in done.stdout.decode().split("\0") if line)
    return {name: value for name, _, value in pairs if name.startswith("OS_")}


@pytest.mark.parametrize("words", HOSTILE)
def test_a_shell_reads_what_was_meant_and_runs_nothing(words: str, tmp_path: Path) -> None:
    given = access(secret=words, region=words, about=words)
    assert by_shell(tools_files.openrc(given), tmp_path) == tools_files.variables(given)
    assert [found.name for found in tmp_path.iterdir()] == ["openrc"]


def test_what_an_earlier_openrc_left_behind_is_unset_for_a_scope_would_be_refused(tmp_path: Path) -> None:
    found = by_shell(tools_files.openrc(access()), tmp_path)
    assert not set(found) & set(CONFLICTS)
    assert found["OS_AUTH_TYPE"] == "v3applicationcredential"


@pytest.mark.parametrize("words", HOSTILE)
def test_the_sdk_reads_the_same_from_clouds_yaml(words: str, tmp_path: Path) -> None:
    path = tmp_path / "clouds.yaml"
    path.write_text(tools_files.clouds_yaml(access(secret=words, about=words)))
    config = loader.OpenStackConfig(
        config_files=[str(path)], secure_files=[], vendor_files=[], load_envvars=False, load_yaml_config=True
    )
    region = config.get_one("demo-bio220047-iu")
    assert region.config["auth"]["application_credential_secret"] == words
    assert region.config["auth"]["application_credential_id"] == "0123456789abcdef"
    assert (region.region_name, region.config["auth_type"]) == ("IU", "v3applicationcredential")
    assert (region.config["interface"], str(region.config["identity_api_version"])) == ("public", "3")
    assert "project_name" not in region.config["auth"]


def test_a_cloud_whose_certificate_the_operator_does_not_check_is_written_so(tmp_path: Path) -> None:
    said = yaml.safe_load(tools_files.clouds_yaml(access(verify=False)))
    assert said["clouds"]["demo-bio220047-iu"]["verify"] is False
    assert by_shell(tools_files.openrc(access(verify=False)), tmp_path)["OS_INSECURE"] == "true"
    assert "verify" not in tools_files.clouds_yaml(access())


@pytest.mark.parametrize("make", [tools_files.clouds_yaml, tools_files.openrc, tools_files.powershell])
def test_the_portal_itself_can_read_back_what_it_gave(make: object) -> None:
    assert callable(make)
    found = cloud_files.read(make(access()), {"demo": "https://keystone.example:5000/v3"})
    assert found == cloud_files.Pasted("demo", "0123456789abcdef", "s3cret-_x")


@pytest.mark.parametrize("words", HOSTILE)
def test_powershell_gets_literals_in_which_only_apostrophes_are_doubled(words: str) -> None:
    text = tools_files.powershell(access(secret=words, about=words))
    quoted = text.partition("$Env:OS_APPLICATION_CREDENTIAL_SECRET = ")[2]
    assert literal(quoted) == words
    comment = text.splitlines()[0]
    assert comment.startswith("# ")


def literal(text: str) -> str:
    """What PowerShell makes of a string in apostrophes: any of five closes it, two of them are one."""
    marks = "'\u2018\u2019\u201a\u201b"
    assert text[0] == "'"
    said, at = "", 1
    while True:
        if text[at] in marks:
            if at + 1 < len(text) and text[at + 1] in marks:
                said, at = said + text[at], at + 2
                continue
            return said
        said, at = said + text[at], at + 1


def test_comments_stay_comments(tmp_path: Path) -> None:
    about = "x\nexport OS_EVIL=1\r\u2028export OS_EVIL=2"
    assert "OS_EVIL" not in by_shell(tools_files.openrc(access(about=about)), tmp_path)
    assert "\nexport OS_EVIL" not in tools_files.powershell(access(about=about))
    assert set(yaml.safe_load(tools_files.clouds_yaml(access(about=about)))) == {"clouds"}


def test_the_json_file_has_the_same_variables() -> None:
    assert json.loads(tools_files.variables_json(access())) == tools_files.variables(access())


@pytest.mark.parametrize(
    ("project", "name"),
    [
        ("BIO220047", "jetstream2-bio220047-iu"),
        ("../../etc/passwd", "jetstream2-etc-passwd-iu"),
        ('x"; rm -rf ~ #', "jetstream2-x-rm-rf-iu"),
        ("Ünïcode 🚀", "jetstream2-unicode-iu"),
        ("$(id)\n", "jetstream2-id-iu"),
    ],
)
def test_the_entry_and_the_file_have_a_name_that_means_nothing_to_any_program(
    project: str, name: str
) -> None:
    assert entry_name("jetstream2", project, "IU") == name


def test_of_a_name_without_any_letter_there_still_is_one() -> None:
    assert entry_name("…", "🚀", "…") == "cloud"


def test_every_file_tells_how_it_is_used_and_hides_its_text_from_logs() -> None:
    for found in tools_files.files(access()):
        assert found.how and found.text
        assert "s3cret" not in repr(found)
    assert "s3cret" not in repr(access())
