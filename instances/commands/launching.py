"""A launch as the form stands, with each of the three tools. Pure."""

from instances.commands import cli, sdk, terraform
from instances.commands.facts import CREATOR_KEY, PUBLIC_KEY_FILE, TAG, USER_DATA_FILE, Launch, Place
from instances.commands.hcl_text import Block, text
from instances.commands.quoting import hcl, label, option, py, sh

Lines = list[str]
# The command's own version of the compute API is too old for tags and for a network chosen by the cloud.
_MICROVERSION = "2.52"
_ON = " \\"


def cli_lines(place: Place, launch: Launch) -> Lines:
    found = [cli.first_line(place)]
    if launch.new_key:
        key = option("--public-key", PUBLIC_KEY_FILE)
        found.append(f"openstack keypair create {key} {_positional(launch.key_name)}")
    if len(launch.names) == 1:
        return [*found, *_create(place, launch, _positional(launch.names[0]))]
    names = sh(*launch.names)
    return [
        *found,
        f"for name in {names}; do",
        *(f"  {line}" for line in _create(place, launch, '-- "$name"')),
        "done",
    ]


def _positional(name: str) -> str:
    """A name that begins with a hyphen is told apart from options by two of them."""
    return f"-- {sh(name)}" if name.startswith("-") else sh(name)


def _create(place: Place, launch: Launch, name: str) -> Lines:
    words = [
        f"openstack --os-compute-api-version {_MICROVERSION} server create",
        option("--flavor", launch.flavor),
        option("--image", launch.image_id),
        *([f"--boot-from-volume {launch.boot_volume_gb}"] if launch.boot_volume_gb else []),
        option("--nic", f"net-id={launch.network_id}") if launch.network_id else "--nic auto",
        *([option("--security-group", launch.security_group)] if launch.security_group else []),
        *([option("--key-name", launch.key_name)] if launch.key_name else []),
        *([option("--user-data", USER_DATA_FILE)] if launch.boot_script else []),
        *([option("--property", f"{CREATOR_KEY}={launch.creator}")] if launch.creator else []),
        option("--tag", TAG),
    ]
    after = _after(place, launch)
    if not after:
        return _folded([*words, name])
    first = "\n".join(_folded(["server=$(" + words[0], *words[1:], "-f value -c id", f"{name})"]))
    return "\n".join(cli.chain([first, *_until_active(), *after])).split("\n")


def _until_active() -> Lines:
    """Not `--wait`, which writes its progress where the id is read from."""
    look = 'status=$(openstack server show -f value -c status "$server")'
    return [f'while {look}; [ "$status" = BUILD ]; do sleep 2; done', '[ "$status" = ACTIVE ]']


def _after(place: Place, launch: Launch) -> Lines:
    found: Lines = []
    if launch.boot_volume_gb:
        found += [
            'volume=$(openstack server volume list -f value -c "Volume ID" "$server")',
            "openstack --os-compute-api-version 2.85 server volume update --delete-on-termination "
            '"$server" "$volume"',
        ]
    if launch.address == cli.NEW:
        found += cli.new_address(place, '"$server"')
    elif launch.address:
        found.append(f'openstack server add floating ip "$server" {sh(launch.address)}')
    return found


def _folded(words: list[str]) -> Lines:
    """One command over several lines, each but the last with the sign that it goes on."""
    return f"{_ON}\n  ".join(words).split("\n")


def sdk_lines(place: Place, launch: Launch) -> Lines:
    found = sdk.first_lines(place)
    if launch.new_key:
        read = f"open({py(PUBLIC_KEY_FILE)}).read()"
        found.append(f"cloud.compute.create_keypair(name={py(launch.key_name)}, public_key={read})")
    found += [
        f"flavor = cloud.compute.find_flavor({py(launch.flavor)}, ignore_missing=False)",
        *([f"script = open({py(USER_DATA_FILE)}, 'rb').read()"] if launch.boot_script else []),
    ]
    if len(launch.names) == 1:
        return [*_imports(launch), *found, *_sdk_one(place, launch, py(launch.names[0]))]
    names = ["names = [", *(f"    {py(name)}," for name in launch.names), "]", "for name in names:"]
    return [*_imports(launch), *found, *names, *(f"    {line}" for line in _sdk_one(place, launch, "name"))]


def _imports(launch: Launch) -> Lines:
    return ["import base64", ""] if launch.boot_script else []


def _sdk_one(place: Place, launch: Launch, name: str) -> Lines:
    arguments = [
        f"name={name}",
        "flavor_id=flavor.id",
        f"image_id={py(launch.image_id)}"
        if not launch.boot_volume_gb
        else f"block_device_mapping={_volume(launch)}",
        f"networks={py([{'uuid': launch.network_id}] if launch.network_id else 'auto')}",
        *([f"security_groups={py([{'name': launch.security_group}])}"] if launch.security_group else []),
        *([f"key_name={py(launch.key_name)}"] if launch.key_name else []),
        *(["user_data=base64.b64encode(script).decode()"] if launch.boot_script else []),
        *([f"metadata={py({CREATOR_KEY: launch.creator})}"] if launch.creator else []),
        f"tags={py([TAG])}",
    ]
    found = ["server = cloud.compute.create_server(", *(f"    {argument}," for argument in arguments), ")"]
    if not launch.address:
        return found
    wait = "server = cloud.compute.wait_for_server(server, wait=1800)"
    address = (
        sdk.new_address(place, "server.id")
        if launch.address == sdk.NEW
        else sdk.held_address(launch.address, "server.id")
    )
    return [*found, wait, *address]


def _volume(launch: Launch) -> str:
    return py(
        [
            {
                "boot_index": 0,
                "uuid": launch.image_id,
                "source_type": "image",
                "destination_type": "volume",
                "volume_size": launch.boot_volume_gb,
                "delete_on_termination": True,
            }
        ]
    )


def terraform_lines(place: Place, launch: Launch) -> Lines:
    several = len(launch.names) > 1
    name = label(launch.names[0].partition(" 1 of ")[0] if several else launch.names[0], "machine")
    blocks = terraform.head(place)
    if launch.new_key:
        key = [("name", hcl(launch.key_name)), ("public_key", f"file({hcl(PUBLIC_KEY_FILE)})")]
        blocks.append(Block(f'resource "openstack_compute_keypair_v2" "{name}"', key))
    if several:
        names = ",\n  ".join(map(hcl, launch.names))
        blocks.append(Block("locals", [(f"{name}_names", f"toset([\n  {names},\n])")]))
    blocks.append(_server(launch, name, several))
    return text([*blocks, *_addresses(place, launch, name, several)])


def _server(launch: Launch, name: str, several: bool) -> Block:
    key = f"openstack_compute_keypair_v2.{name}.name" if launch.new_key else hcl(launch.key_name)
    attributes = [
        *_each(name, several),
        ("name", "each.value" if several else hcl(launch.names[0])),
        ("flavor_name", hcl(launch.flavor)),
        *([] if launch.boot_volume_gb else [("image_id", hcl(launch.image_id))]),
        *([("key_pair", key)] if launch.key_name else []),
        *([("security_groups", f"[{hcl(launch.security_group)}]")] if launch.security_group else []),
        *([] if launch.network_id else [("network_mode", hcl("auto"))]),
        *([("user_data", f"file({hcl(USER_DATA_FILE)})")] if launch.boot_script else []),
        ("tags", f"[{hcl(TAG)}]"),
        *([("metadata", f"{{\n  {CREATOR_KEY} = {hcl(launch.creator)}\n}}")] if launch.creator else []),
    ]
    inner = [Block("network", [("uuid", hcl(launch.network_id))])] if launch.network_id else []
    if launch.boot_volume_gb:
        inner.append(_root_volume(launch))
    return Block(f'resource "{terraform.SERVER}" "{name}"', attributes, inner)


def _root_volume(launch: Launch) -> Block:
    return Block(
        "block_device",
        [
            ("boot_index", "0"),
            ("uuid", hcl(launch.image_id)),
            ("source_type", hcl("image")),
            ("destination_type", hcl("volume")),
            ("volume_size", str(launch.boot_volume_gb)),
            ("delete_on_termination", "true"),
        ],
    )


def _each(name: str, several: bool) -> tuple[tuple[str, str], ...]:
    return (("for_each", f"local.{name}_names"),) if several else ()


def _addresses(place: Place, launch: Launch, name: str, several: bool) -> list[Block]:
    if not launch.address:
        return []
    each, key = _each(name, several), "[each.key]" if several else ""
    port = terraform.port_of(name, f"{terraform.SERVER}.{name}{key}.id")
    port.attributes = [*each, *port.attributes]
    port_id = f"data.openstack_networking_port_v2.{name}{key}.id"
    if launch.address != terraform.NEW:
        return [port, terraform.association(name, hcl(launch.address), port_id, each)]
    address = f"openstack_networking_floatingip_v2.{name}{key}.address"
    return [
        port,
        terraform.new_address(place, name, each),
        terraform.association(name, address, port_id, each),
    ]
