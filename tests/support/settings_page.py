"""docs/settings.md, written from the settings themselves."""

from dermatrace.settings import CONFIG_VARIABLE, PREFIX, Settings


def render_reference() -> str:
    """Return docs/settings.md."""
    lines = [
        "# Settings",
        "",
        "Each is an environment variable, or the same name in lower case without the prefix in one",
        f"TOML file that `{CONFIG_VARIABLE}` names. The environment wins over the file, the",
        "command line over both. Unknown names are refused.",
        "",
        "| setting | environment | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "unset" if field.default is None else f"`{field.default}`"
        meaning = " ".join((field.description or "").split())
        lines.append(f"| `{name}` | `{PREFIX}{name.upper()}` | {default} | {meaning} |")
    return "\n".join(lines) + "\n"
