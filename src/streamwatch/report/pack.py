"""The files of one session: the review in the team's languages, minutes and incidents, all of it as JSON. Pure."""

import json
from collections.abc import Sequence

from streamwatch.language import Language
from streamwatch.report.csv_text import incidents_csv, table_csv
from streamwatch.report.document import document as record
from streamwatch.report.incidents import Incident
from streamwatch.report.review.document import document
from streamwatch.report.review.markdown import markdown
from streamwatch.report.review.review import Review, StepTitle
from streamwatch.report.table import Table


def pack(
    stem: str,
    review: Review,
    table: Table,
    incidents: Sequence[Incident],
    languages: Sequence[Language],
    titles: StepTitle,
) -> dict[str, str]:
    """The texts by the names of their files, which begin with *stem*."""
    told = {f"{stem}.{language}.md": markdown(review, language, titles) for language in languages}
    whole = record(table, incidents, review.zone) | {"review": document(review)}
    return told | {
        f"{stem}.csv": table_csv(table, review.zone),
        f"{stem}.incidents.csv": incidents_csv(incidents),
        f"{stem}.json": json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    }
