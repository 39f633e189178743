"""Says in a line or more what pip-audit found for a lock: ``audit_report.py LOCK REPORT.json``.

Exit status: 0 every package was looked up and none has an advisory, 1 not so, 3 none could be looked up.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

UNREACHED = 3


def told(lock: str, report: str) -> tuple[list[str], int]:
    """What to say of a report, and the exit status."""
    try:
        packages = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    unknown = [one for one in packages if "skip_reason" in one]
    if len(unknown) == len(packages):
        return [f"audit: {lock}: the advisory service cannot be reached; nothing was checked"], UNREACHED
    found = [(one, advisory) for one in packages for advisory in one.get("vulns", [])]
    lines = [f"audit: {lock}: {one['name']} cannot be looked up ({one['skip_reason']})" for one in unknown]
    for one, advisory in found:
        mended = ", ".join(advisory["fix_versions"]) or "none yet"
        lines.append(f"audit: {lock}: {one['name']} {one['version']}: {advisory['id']}, mended in {mended}")
    checked = len(packages) - len(unknown)
    lines.append(f"audit: {lock}: {checked} of {len(packages)} packages checked, {len(found)} advisories")
    return lines, int(bool(unknown or found))


if __name__ == "__main__":
    said, status = told(sys.argv[1], Path(sys.argv[2]).read_text(encoding="utf-8"))
    print("\n".join(said))  # noqa: T201
    sys.exit(status)
