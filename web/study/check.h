/* The rules that a question must keep before anyone sees it. They know nothing of how it was made: what the templates
 * promise is checked again here, and what fails is listed as a refusal with the rule's sentence.
 *
 * The numbers are those of the design's list of assertions. Of its first thirteen, 6 is a rule for a whole bank, 12 is
 * for typed answers and 13 for matching; those from 14 on are rules for banks as well, and tests hold them. */
#ifndef STUDY_CHECK_H
#define STUDY_CHECK_H

#include "web/study/question.h"

struct check {
    struct vocabulary *vocabulary;
    struct arena *arena; /* for what is compared; may be dropped afterwards */
};

struct check_rule {
    int number;
    const char *name;
    const char *sentence; /* what is wrong with a question that breaks it */
    bool (*holds)(const struct check *check, const struct question *q);
};

extern const struct check_rule check_rules[];
extern const size_t check_rule_count;

/* The first rule that the question breaks, NULL when it keeps all. */
const struct check_rule *question_check(const struct check *check, const struct question *q);

#endif
