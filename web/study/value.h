/* Finds the values in the facts: what the lists, pairs and bare lines of notes name, and of which kind each is. */
#ifndef STUDY_VALUE_H
#define STUDY_VALUE_H

#include "web/study/fact.h"

/* Fills table->values, unsorted. Needs facts with their pairs and children. Returns -1 when out of memory. */
int values_collect(struct fact_table *table);

#endif
