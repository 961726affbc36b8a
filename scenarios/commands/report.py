"""``bilevelsim report``."""

from pathlib import Path

from scenarios.commands.options import DEFECT, DONE, Folder, print_result


def report(folder: Folder) -> int:
    """Make the tables, the figures and the report of a folder again, from its records alone."""
    from scenarios import publication, result

    found = result.read(Path(folder))
    publication.publish(found, Path(folder))
    print_result(found)
    return DEFECT if (found.runs["status"] == "failed").any() else DONE
