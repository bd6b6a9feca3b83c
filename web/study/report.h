/* What was understood of notes and made of them, for the person who wrote them. The functions deck_report_text and
 * deck_report_json are declared in card.h; here is what both count. */
#ifndef STUDY_REPORT_H
#define STUDY_REPORT_H

#include "web/study/card.h"

struct report_counts {
    size_t lines[LINE_MARK + 1]; /* by role */
    size_t cards[CARD_SINGLE + 1];
    size_t facts; /* without lead-ins */
};

void report_count(struct report_counts *counts, const struct notes *notes, const struct deck *deck);

/* "heading_folded", as the API names it. */
const char *report_problem_name(enum problem_kind kind);

#endif
