"""Kernel sets as YAML: a field of a part is one line with all that lies deeper; a list has a line for each item."""


def number(value: float) -> str:
    """Whole where it is; with a point in any power of ten, without which YAML has a word."""
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        return str(int(value)) if value == int(value) else repr(float(value))
    mantissa, exponent = f"{value:.9e}".split("e")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' if mantissa.endswith('.') else ''}e{exponent}"


def scalar(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else number(value)


def on_one_line(fields: dict) -> str:
    return "{" + ", ".join(f"{name}: {scalar(value)}" for name, value in fields.items()) + "}"


def lines(name: str, value, depth: int = 0) -> list[str]:
    indent = "  " * depth
    if isinstance(value, list):
        return [f"{indent}{name}:", *(f"{indent}  - {on_one_line(item)}" for item in value)]
    if not isinstance(value, dict):
        return [f"{indent}{name}: {scalar(value)}"]
    if depth > 0:
        return [f"{indent}{name}: {on_one_line(value)}"]
    return [f"{name}:", *(line for item in value.items() for line in lines(*item, depth + 1))]


def text(comments: list[str], content: dict) -> str:
    parts = [*(f"# {comment}" for comment in comments), *(line for item in content.items() for line in lines(*item))]
    return "\n".join(parts) + "\n"
